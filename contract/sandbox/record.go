package sandbox

import (
	"cmp"
	"strconv"
	"strings"
)

// keySet says which members an event has. All three occur on the streams, or are documented to.
type keySet int

const (
	newer    keySet = iota // 28 to 30 keys: with device, browser, os and affectedUserId
	older                  // 26 keys: with integratorKey in their place
	complete               // 33 or 34, some of them null, and one that no document knows
)

func (g *generated) keySet(h *happening, i int) keySet {
	if i%97 == 13 && h.kind != warnsOfNowhere {
		return complete
	}
	if h.kind == warnsOrganization {
		return older
	}
	if h.by == &byAPI {
		if d := g.dice(aboutRecord, i); d.below(3) == 0 {
			return older
		}
	}
	return newer
}

// heads are what stands between the id of an event and the GUID of its actor, by whose event it is.
type heads struct{ account, organization, both string }

func headsOf(o origin) heads {
	head := func(account, organization string) string {
		return `","site":` + quoted(cmp.Or(o.assume.Site, "DEMO")) +
			`,"accountId":"` + account + `","organizationId":"` + organization + `","userId":"`
	}
	return heads{head(o.account, ""), head("", o.organization), head(o.account, o.organization)}
}

func (h *heads) of(k kind) string {
	switch k {
	case warnsOrganization:
		return h.organization
	case warns, warnsOfNowhere:
		return h.both
	default:
		return h.account
	}
}

// write appends event i, which happened at a tick, with its keys in the order of the samples.
func (g *generated) write(dst []byte, h *happening, i int, happened int64) []byte {
	keys := g.keySet(h, i)
	agent := &h.by.agents[h.actor%len(h.by.agents)]
	what, affected := h.what, ""
	if h.affected != noPerson {
		affected = g.people[h.affected]
	}

	dst = appendTimestamp(append(dst, `{"timestamp":"`...), happened)
	dst = g.appendID(append(dst, `","eventId":"`...), i)
	dst = append(dst, g.heads.of(h.kind)...)
	dst = append(dst, g.people[h.actor]...)
	switch {
	case keys == complete:
		dst = append(dst, `","integratorKey":"`+integrationKey...)
		what = h.complete
	case keys == older && h.kind == warnsOrganization:
		dst = append(dst, `","integratorKey":"`...)
	case keys == older:
		dst = append(dst, `","integratorKey":"##DOCUSIGN_INTERNAL_NOT_USED##`...)
	}
	dst = append(dst, agent.header...)
	where := &nowhere
	if h.kind != warnsOfNowhere {
		where = &places[h.place]
		dst = appendAddress(dst, h.actor, h.host)
	}
	dst = append(dst, where.nested...)
	dst = append(dst, what...)
	if keys == complete {
		name, _, _ := strings.Cut(h.by.name, `"`)
		dst = append(dst, name...)
		dst = append(dst, `","isUserMemberOfDomain":true,"referencedUserIsMemberOfDomain":null,"referencedUserId":"`...)
	} else {
		dst = append(dst, h.by.name...)
	}
	dst = append(dst, affected...)
	dst = append(dst, where.flat...)
	switch keys {
	case newer:
		dst = append(dst, agent.device...)
		dst = append(dst, affected...)
		dst = append(dst, `","data":`...)
	case older:
		dst = append(dst, `,"data":`...)
	case complete:
		dst = append(dst, agent.device...)
		dst = append(dst, affected...)
		dst = append(dst, `","affectedUserIsMemberOfDomain":false,"data":`...)
	}
	dst = h.data(dst, g, *h, i)
	if keys == complete {
		d := g.dice(aboutRecord, i)
		dst = strconv.AppendInt(append(dst, `,"riskContext":{"sequence":9`...), int64(1_000_000_000+d.below(1_000_000_000)), 10)
		dst = append(dst, `876543210,"score":2.50}`...)
	}
	return append(dst, '}')
}

// add appends texts.
func add(dst []byte, texts ...string) []byte {
	for _, text := range texts {
		dst = append(dst, text...)
	}
	return dst
}

// appendTimestamp appends a time as the platform writes it: UTC, with up to seven digits of a fraction, of which those at
// the end are left out that are 0.
func appendTimestamp(dst []byte, t int64) []byte {
	year, month, day := timeOf(t).Date()
	second, fraction := uint32(t/ticksPerSecond%(24*60*60)), uint32(t%ticksPerSecond)
	dst = append(dst, "YYYY-MM-DDThh:mm:ss.fffffff"...)
	text := dst[len(dst)-27:]
	putDigits(text[0:], uint32(year)/100)
	putDigits(text[2:], uint32(year)%100)
	putDigits(text[5:], uint32(month))
	putDigits(text[8:], uint32(day))
	putDigits(text[11:], second/3600)
	putDigits(text[14:], second/60%60)
	putDigits(text[17:], second%60)
	putDigits(text[20:], fraction/100_000)
	putDigits(text[22:], fraction/1000%100)
	putDigits(text[24:], fraction/10%100)
	text[26] = byte('0' + fraction%10)
	if fraction == 0 {
		return append(dst[:len(dst)-8], 'Z')
	}
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return append(dst, 'Z')
}

// putDigits puts the two digits of n.
func putDigits(to []byte, n uint32) { to[0], to[1] = byte('0'+n/10), byte('0'+n%10) }

// hosts is how many addresses a network has.
const hosts = 254

// appendAddress appends an address that is reserved for documentation, from the network of a person.
func appendAddress(dst []byte, person, host int) []byte {
	if person%5 == 4 {
		dst = strconv.AppendInt(append(dst, "2001:db8:"...), int64(1+person), 16)
		return strconv.AppendInt(append(dst, "::"...), int64(1+host), 16)
	}
	network := [...]string{"192.0.2.", "198.51.100.", "203.0.113."}[person%3]
	return strconv.AppendInt(append(dst, network...), int64(1+host), 10)
}

// place is where an address is, as it stands in an event.
type place struct {
	nested string // from the end of the address to the value of "object"
	flat   string // from the end of the value of "referencedUserId" to the value of "country"
}

// placeAt is a place by its coordinates and names. The names are in lower case, as the platform has them, and ready to
// stand in JSON.
func placeAt(latitude, longitude, country, state, city string) place {
	position := `"latitude":` + latitude + `,"longitude":` + longitude
	return place{
		nested: `","ipAddressLocation":{` + position + `,"country":"` + country + `","state":"` + state + `","city":"` + city +
			`"},"object":"`,
		flat: `","proxyStatus":"","proxyType":"","proxyLevel":"",` + position +
			`,"city":"` + city + `","state":"` + state + `","country":"` + country + `"`,
	}
}

// nowhere is the place of an event without an address.
var nowhere = place{nested: `","object":"`, flat: placeAt("0", "0", "", "", "").flat}

var places = [...]place{
	placeAt("52.52", "13.4", "germany", "berlin", "berlin"),
	placeAt("40.7128", "-74.006", "united states", "new york", "new york city"),
	placeAt("-23.55", "-46.63", "brazil", "são paulo", "são paulo"),
	placeAt("35.68", "139.69", "japan", "東京都", `\u6771\u4eac`),
	placeAt("51.5", "-0.12", "united kingdom", "england", "london"),
	placeAt("50.06", "19.94", "poland", "małopolskie", `krak\u00f3w`),
	placeAt("-33.87", "151.2", "australia", "new south wales", "sydney"),
}

// agent is a program that a person uses, as it stands in an event.
type agent struct {
	header string // from the end of the actor's GUID to the address
	device string // the members from device to the value of affectedUserId
}

func agentOf(header, info, device, browser, os string) agent {
	if info != "" {
		info = `,"userAgentClientInfo":` + info
	}
	return agent{
		header: `","userAgent":"` + header + `"` + info + `,"ipAddress":"`,
		device: `,"device":"` + device + `","browser":"` + browser + `","os":"` + os + `","affectedUserId":"`,
	}
}

// noBrowser is what API and Other have.
var noBrowser = [...]agent{agentOf("", "", "", "", "")}

var browsers = [...]agent{
	agentOf(
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		`{"browser":{"family":"Chrome","version":{"major":"126","minor":"0","patch":"0"}},`+
			`"device":{"family":"Other","brand":"","model":""},"os":{"family":"Windows","version":{"major":"10"}}}`,
		"Other", "Chrome 126", "Windows 10",
	),
	agentOf(
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		`{"browser":{"family":"Firefox","version":{"major":"128","minor":"0"}},`+
			`"device":{"family":"Other","brand":"","model":""},"os":{"family":"Linux","version":{}}}`,
		"Other", "Firefox 128", "Linux",
	),
	agentOf(
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
		`{"browser":{"family":"Mobile Safari","version":{"major":"17","minor":"5"}},`+
			`"device":{"family":"iPhone","brand":"Apple","model":"iPhone"},"os":{"family":"iOS","version":{"major":"17"}}}`,
		"iPhone", "Mobile Safari 17", "iOS 17",
	),
}
