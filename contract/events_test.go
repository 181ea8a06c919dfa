// Events: what a consumer may count on in a record, which is little.
package contract_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/contract/sandbox"
)

var _ = Describe("Events", Label("events"), func() {
	MustEach("SRV-EVENT-1", "The service gives an event byte for byte as it was ingested",
		"contract/sandbox, package documentation: it stands for a service that adds and drops nothing", controlled,
		func(ctx SpecContext, on stream, text string) {
			s, _ := controlledProvider(on, sandbox.Config{Events: sandbox.Raw([]byte(text))})

			Expect(s.page(ctx, start, 10).Events).To(HoldEvents([]string{text}))
		}, oddEvents)

	Must("SRV-EVENT-5", "The service gives every event that was ingested, whatever it tells of",
		"contract/sandbox, package documentation: it stands for a service that adds and drops nothing", controlled,
		func(ctx SpecContext, on stream) {
			s, box := controlledProvider(on, sandbox.Config{Events: sandbox.Generate(200, uint64(GinkgoRandomSeed()))})
			var log []string
			for event := range box.Events() {
				log = append(log, string(event))
			}

			Expect(s.drain(ctx, atTime(s.now().Add(-8*24*time.Hour)), 100).Events()).To(HoldEvents(log))
		})

	Should("SRV-EVENT-2", "The service gives every event a timestamp in UTC, with at most seven digits of fraction",
		"spec/dataset, Event, timestamp; the seven public events", func(ctx SpecContext, on stream) {
			s := provider(on)

			Expect(s.few(ctx)).To(EachEvent(func(text string) error {
				if t, ok := happened(text); ok && t.After(s.now().Add(edge)) {
					return fmt.Errorf("%s is yet to come", t)
				}
				return utcTimestamp(text)
			}))
		})

	Should("SRV-EVENT-3", "The service gives every event an eventId that no other has",
		"spec/dataset, Event, eventId; the seven public events; whether events repeat is undocumented", assumed,
		func(ctx SpecContext, on stream) {
			s := provider(on)
			seen := map[string]bool{}

			Expect(s.few(ctx)).To(EachEvent(func(text string) error {
				id := member(text, "eventId")
				switch {
				case id == "":
					return errors.New("it has no eventId")
				case seen[id]:
					return errors.New("an earlier one has its eventId")
				}
				seen[id] = true
				return nil
			}))
		})

	Should("SRV-EVENT-4", "The service gives every event the fields that all public events have",
		"spec/dataset, Event; the seven public events",
		func(ctx SpecContext, on stream) {
			s := provider(on)
			public := []string{"site", "accountId", "userId", "ipAddress", "object", "action", "source", "data"}

			Expect(s.few(ctx)).To(EachEvent(func(text string) error {
				var members map[string]json.RawMessage
				if err := json.Unmarshal([]byte(text), &members); err != nil {
					return err
				}
				for _, name := range public {
					if _, there := members[name]; !there {
						return fmt.Errorf("it has no %s", name)
					}
				}
				return nil
			}))
		})
})

// oddEvents are what a decoder stumbles over and a copy does not.
var oddEvents = []TableEntry{
	Entry("an integer of 20 digits", `{"n":98765432109876543210,"score":2.50}`),
	Entry("numbers in every writing", `{"n":[0.12345678901234567890,1e2,1E+2,2.0e-7,-0,1e400,1.0]}`),
	Entry("letters that can be written in two ways", `{"t":"<a href='x'>&amp;</a> \/ / \u002f \u000a \n \u00E9 \u007f"}`),
	Entry("letters that look alike, and invisible ones", "{\"t\":\"é e\u0301 \u2028\u2029\ufeff\u00a0\"}"),
	Entry("an integer of 20 digits, deep down", `{"data":{"n":12345678901234567890,"a":[12345678901234567890,{"m":[98765432109876543210]}]}}`),
	Entry("letters beyond 16 bits", `{"t":"𝒳 🔒 \ud83d\udd12 e\u0301"}`),
	Entry("letters that have to be escaped", `{"t":"\" \\ \b\f\n\r\t \u0000 \u001F"}`),
	Entry("half of a pair", `{"t":"\ud83d"}`),
	Entry("blanks around a text, and a name that is empty", `{"t":"  x  ","":" "}`),
	Entry("nothing, in every depth", `{"data":{"a":null,"b":"","c":[],"d":{},"e":[null,"",[],{}]}}`),
	Entry("a text longer than 64 KiB, deep down", `{"data":{"a":`+strings.Repeat("[", 200)+`"`+strings.Repeat("x", 70_000)+`"`+strings.Repeat("]", 200)+`}}`),
	Entry("a whole record", wholeRecord),
	Entry("fields that no document knows", `{"zebra":{"b":1,"a":[null,true]},"application":"x"}`),
	Entry("nulls, empty texts, absent fields", `{"eventId":null,"userId":"","data":{}}`),
	Entry("escaped and raw letters", `{"city":"\u6771\u4eac","state":"東京都","lock":"\ud83d\udd12"}`),
	Entry("spaces between the tokens", `{ "object" : "Envelope" ,	"action":"Created" }`),
	Entry("an array of characters", `{"data":{"SignerIp":["1","9","8"]}}`),
}

// wholeRecord has every field that the documents know, with values that a service might think to mend.
const wholeRecord = `{"timestamp":"2026-01-02T03:04:05.1200000Z","eventId":"0000000A-0000-4000-8000-00000000000b","site":"DEMO",` +
	`"accountId":"","organizationId":null,"userId":"0000000a-0000-4000-8000-00000000000c","integratorKey":"##DOCUSIGN_INTERNAL_NOT_USED##",` +
	`"userAgent":"Agent/1.0 (X11;  x86_64)","userAgentClientInfo":{"browser":{"family":"Agent","version":{"major":"01","minor":null,"patch":""}},` +
	`"device":{"family":"Other","brand":"","model":""},"os":{"family":"Linux","version":{"major":"6"}}},"ipAddress":"2001:DB8::0:1",` +
	`"ipAddressLocation":{"latitude":48.137154000000001,"longitude":11.5761240,"country":"germany","state":"","city":"münchen"},` +
	`"object":"Envelope","action":"Created","property":"","field":"","result":"","source":"Web","isUserMemberOfDomain":null,` +
	`"referencedUserIsMemberOfDomain":false,"referencedUserId":"","proxyStatus":"","proxyType":"","proxyLevel":"","latitude":48.137154,` +
	`"longitude":11.576124,"city":"München","state":" ","country":"DE","device":"Other","browser":"","os":"Linux 6","affectedUserId":"",` +
	`"affectedUserIsMemberOfDomain":null,"data":{"Count":"007","EventIds":[],"SettingsKey":"a b","EnvelopeId":""}}`

// member is a text in an event, empty if it is absent or something else.
func member(text, name string) string {
	var members map[string]json.RawMessage
	var value string
	if json.Unmarshal([]byte(text), &members) != nil || json.Unmarshal(members[name], &value) != nil {
		return ""
	}
	return value
}

// utcTimestamp says what is wrong with the timestamp of an event.
func utcTimestamp(text string) error {
	stamp := member(text, "timestamp")
	if _, err := time.Parse(time.RFC3339Nano, stamp); err != nil {
		return err
	}
	_, fraction, _ := strings.Cut(strings.TrimSuffix(stamp, "Z"), ".")
	switch {
	case !strings.HasSuffix(stamp, "Z"):
		return fmt.Errorf("%s is not in UTC", stamp)
	case len(fraction) > 7:
		return fmt.Errorf("%s has more than seven digits of fraction", stamp)
	}
	return nil
}
