package sandbox

import (
	"strconv"
	"time"
)

// keySet says which members an event has. All three occur on the streams, or are documented to.
type keySet int

const (
	newer    keySet = iota // 28 to 30 keys: with device, browser, os and affectedUserId
	older                  // 26 keys: with integratorKey in their place
	complete               // 33 or 34, some of them null, and one that no document knows
)

func (g *generated) keySet(h *happening, i int) keySet {
	if i%97 == 13 && !h.nowhere {
		return complete
	}
	if d := g.dice(aboutRecord, i); h.ofOrganization || h.source == "API" && d.below(3) == 0 {
		return older
	}
	return newer
}

// write appends event i, which happened at a time, with its keys in the order of the samples.
func (g *generated) write(dst []byte, i int, happened time.Time) []byte {
	h := g.happening(i)
	keys := g.keySet(&h, i)
	agent := &agents[0]
	if h.source == "Web" {
		agent = &agents[1+h.actor%(len(agents)-1)]
	}

	dst = appendTimestamp(append(dst, `{"timestamp":"`...), happened)
	dst = g.appendID(append(dst, `","eventId":"`...), i)
	dst = add(dst, `","site":`, g.site)
	switch {
	case h.ofOrganization:
		dst = add(dst, `,"accountId":"","organizationId":"`, g.organization)
	case h.object == "Alert":
		dst = add(dst, `,"accountId":"`, g.account, `","organizationId":"`, g.organization)
	default:
		dst = add(dst, `,"accountId":"`, g.account, `","organizationId":"`)
	}
	dst = add(dst, `","userId":"`, g.people[h.actor])
	switch {
	case keys == complete:
		dst = add(dst, `","integratorKey":"`, integrationKey)
	case keys == older && h.ofOrganization:
		dst = append(dst, `","integratorKey":"`...)
	case keys == older:
		dst = append(dst, `","integratorKey":"##DOCUSIGN_INTERNAL_NOT_USED##`...)
	}
	dst = add(dst, `","userAgent":"`, agent.header)
	where := &nowhere
	if h.nowhere {
		dst = append(dst, `,"ipAddress":"`...)
	} else {
		where = &places[h.place]
		dst = add(appendAddress(append(dst, `,"ipAddress":"`...), h.actor, h.host), where.nested)
	}
	property := `","property":"","field":"","result":"`
	switch {
	case keys == complete:
		property = `","property":null,"field":"Näme","result":"`
	case h.object == "Account" && h.action == "Updated":
		property = `","property":"AccountSettings","field":"","result":"`
	}
	dst = add(dst, where.object, h.object, `","action":"`, h.action, property, h.result, `","source":"`, h.source)
	if keys == complete {
		dst = append(dst, `","isUserMemberOfDomain":true,"referencedUserIsMemberOfDomain":null,"referencedUserId":"`...)
	} else {
		dst = append(dst, `","referencedUserId":"`...)
	}
	affected := ""
	if h.affected != noPerson {
		affected = g.people[h.affected]
	}
	dst = add(dst, affected, `","proxyStatus":"","proxyType":"","proxyLevel":"",`, where.flat)
	if keys != older {
		dst = add(dst, agent.device, affected, `"`)
	}
	if keys == complete {
		dst = append(dst, `,"affectedUserIsMemberOfDomain":false`...)
	}
	dst = h.data(append(dst, `,"data":`...), g, h, i)
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
func appendTimestamp(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(appendDigits(dst, year, 4), '-')
	dst = append(appendDigits(dst, int(month), 2), '-')
	dst = append(appendDigits(dst, day, 2), 'T')
	dst = append(appendDigits(dst, hour, 2), ':')
	dst = append(appendDigits(dst, minute, 2), ':')
	dst = appendDigits(dst, second, 2)
	if fraction := t.Nanosecond() / int(tick); fraction > 0 {
		dst = appendDigits(append(dst, '.'), fraction, 7)
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return append(dst, 'Z')
}

// appendDigits appends n as so many digits.
func appendDigits(dst []byte, n, digits int) []byte {
	var text [7]byte
	for i := digits - 1; i >= 0; i-- {
		text[i] = byte('0' + n%10)
		n /= 10
	}
	return append(dst, text[:digits]...)
}

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
	nested string // from the end of the address to the end of the object
	object string // from there to the value of "object"
	flat   string // the members from latitude to country
}

// placeAt is a place by its coordinates and names. The names are in lower case, as the platform has them, and ready to
// stand in JSON.
func placeAt(latitude, longitude, country, state, city string) place {
	position := `"latitude":` + latitude + `,"longitude":` + longitude
	return place{
		nested: `","ipAddressLocation":{` + position + `,"country":"` + country + `","state":"` + state + `","city":"` + city + `"}`,
		object: `,"object":"`,
		flat:   position + `,"city":"` + city + `","state":"` + state + `","country":"` + country + `"`,
	}
}

// nowhere is the place of an event without an address.
var nowhere = place{object: `","object":"`, flat: `"latitude":0,"longitude":0,"city":"","state":"","country":""`}

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
	header string // the value of userAgent and what comes up to the address
	device string // the members from device to the value of affectedUserId
}

func agentOf(header, info, device, browser, os string) agent {
	if info != "" {
		info = `,"userAgentClientInfo":` + info
	}
	return agent{
		header: header + `"` + info,
		device: `,"device":"` + device + `","browser":"` + browser + `","os":"` + os + `","affectedUserId":"`,
	}
}

// agents begins with none at all, which is what API and Other have.
var agents = [...]agent{
	agentOf("", "", "", "", ""),
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
