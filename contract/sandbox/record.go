package sandbox

import (
	"cmp"
	"strconv"
)

// appendEvent writes event i in one of the two sets of keys that occur on the dataset stream. The older one is that of 26
// keys, with integratorKey and without device, browser, os and affectedUserId.
func (g generated) appendEvent(dst []byte, i int) []byte {
	h := g.happening(i)
	d := g.dice(aboutRecord, i)
	older := h.ofOrganization || h.source == "API" && d.below(3) == 0
	agent := agents[0]
	if h.source == "Web" {
		agent = agents[1+h.actor%(len(agents)-1)]
	}

	r := record(append(dst, '{'))
	r.text("timestamp", g.happened(i).Format("2006-01-02T15:04:05.9999999Z"))
	r.text("eventId", g.eventID(i))
	r.raw("site", quoted(cmp.Or(g.assume.Site, "DEMO")))
	if h.ofOrganization {
		r.text("accountId", "")
		r.text("organizationId", g.organization)
	} else {
		r.text("accountId", g.account)
		if h.object == "Alert" {
			r.text("organizationId", g.organization)
		} else {
			r.text("organizationId", "")
		}
	}
	r.text("userId", g.person(h.actor))
	switch {
	case older && h.ofOrganization:
		r.text("integratorKey", "")
	case older:
		r.text("integratorKey", "##DOCUSIGN_INTERNAL_NOT_USED##")
	}
	r.text("userAgent", agent.header)
	if agent.header != "" {
		r.raw("userAgentClientInfo", agent.info)
	}
	where := h.place
	if h.nowhere {
		where = place{latitude: "0", longitude: "0"}
		r.text("ipAddress", "")
	} else {
		r.text("ipAddress", h.address)
		r.raw("ipAddressLocation", where.json())
	}
	r.text("object", h.object)
	r.text("action", h.action)
	property := ""
	if h.object == "Account" && h.action == "Updated" {
		property = "AccountSettings"
	}
	r.text("property", property)
	r.text("field", "")
	r.text("result", h.result)
	r.text("source", h.source)
	affected := ""
	if h.affected != noPerson {
		affected = g.person(h.affected)
	}
	r.text("referencedUserId", affected)
	r.text("proxyStatus", "")
	r.text("proxyType", "")
	r.text("proxyLevel", "")
	r.raw("latitude", where.latitude)
	r.raw("longitude", where.longitude)
	r.text("city", where.city)
	r.text("state", where.state)
	r.text("country", where.country)
	if !older {
		r.text("device", agent.device)
		r.text("browser", agent.browser)
		r.text("os", agent.os)
		r.text("affectedUserId", affected)
	}
	r.raw("data", h.data)
	if i%97 == 13 {
		r.raw("riskContext", `{"sequence":9`+strconv.Itoa(1_000_000_000+d.below(1_000_000_000))+`876543210,"score":2.50}`)
	}
	return append(r, '}')
}

// address is one of those that are reserved for documentation, from the network of a person.
func address(person int, d *dice) string {
	if person%5 == 4 {
		return "2001:db8:" + strconv.FormatInt(int64(1+person), 16) + "::" + strconv.FormatInt(int64(1+d.below(0xfffe)), 16)
	}
	network := []string{"192.0.2.", "198.51.100.", "203.0.113."}[person%3]
	return network + strconv.Itoa(1+d.below(254))
}

// person is the GUID of a user of the organization.
func (g generated) person(k int) string {
	d := g.dice(aboutPeople, k)
	return d.guid()
}

// people is how many users the organization has.
const people = 12

// record is an object that is being written, from its brace on.
type record []byte

// text adds a member whose value needs no escape, or holds its escapes already.
func (r *record) text(name, value string) {
	r.name(name)
	*r = append(append(append(*r, '"'), value...), '"')
}

// raw adds a member whose value is JSON.
func (r *record) raw(name, value string) {
	r.name(name)
	*r = append(*r, value...)
}

func (r *record) name(name string) {
	if (*r)[len(*r)-1] != '{' {
		*r = append(*r, ',')
	}
	*r = append(append(append(*r, '"'), name...), `":`...)
}

// place is where an address is. The names are in lower case, as the platform has them, and ready to stand in JSON.
type place struct{ latitude, longitude, country, state, city string }

func (p place) json() string {
	return `{"latitude":` + p.latitude + `,"longitude":` + p.longitude + `,"country":"` + p.country +
		`","state":"` + p.state + `","city":"` + p.city + `"}`
}

var places = []place{
	{"52.52", "13.4", "germany", "berlin", "berlin"},
	{"40.7128", "-74.006", "united states", "new york", "new york city"},
	{"-23.55", "-46.63", "brazil", "são paulo", "são paulo"},
	{"35.68", "139.69", "japan", "東京都", `\u6771\u4eac`},
	{"51.5", "-0.12", "united kingdom", "england", "london"},
	{"50.06", "19.94", "poland", "małopolskie", "krak\\u00f3w"},
	{"-33.87", "151.2", "australia", "new south wales", "sydney"},
}

// agent is a program that a person uses.
type agent struct{ header, info, device, browser, os string }

// agents begins with none at all, which is what API and Other have.
var agents = []agent{
	{},
	{
		header: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		info: `{"browser":{"family":"Chrome","version":{"major":"126","minor":"0","patch":"0"}},` +
			`"device":{"family":"Other","brand":"","model":""},"os":{"family":"Windows","version":{"major":"10"}}}`,
		device: "Other", browser: "Chrome 126", os: "Windows 10",
	},
	{
		header: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		info: `{"browser":{"family":"Firefox","version":{"major":"128","minor":"0"}},` +
			`"device":{"family":"Other","brand":"","model":""},"os":{"family":"Linux","version":{}}}`,
		device: "Other", browser: "Firefox 128", os: "Linux",
	},
	{
		header: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
		info: `{"browser":{"family":"Mobile Safari","version":{"major":"17","minor":"5"}},` +
			`"device":{"family":"iPhone","brand":"Apple","model":"iPhone"},"os":{"family":"iOS","version":{"major":"17"}}}`,
		device: "iPhone", browser: "Mobile Safari 17", os: "iOS 17",
	},
}
