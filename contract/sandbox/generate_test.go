package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 2, 3, 12, 0, 0, 123_456_700, time.UTC)

var home = origin{start: noon, organization: organizationID, account: accountID}

// opened is a generated log of a sandbox that starts at noon.
func opened(t *testing.T, n int, seed uint64) history {
	t.Helper()
	h, err := Generate(n, seed).open(home)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestGenerateIsDeterministic(t *testing.T) {
	const n = 300
	all := func(seed uint64) (events []string) {
		h := opened(t, n, seed)
		for i := range h.len() {
			events = append(events, string(h.appendEvent(nil, i)))
		}
		return events
	}
	one := all(1)
	if diff := cmp.Diff(one, all(1)); diff != "" {
		t.Errorf("the same seed (-first +second):\n%s", diff)
	}
	same := 0
	for i, e := range all(2) {
		if e == one[i] {
			same++
		}
	}
	if same > 0 {
		t.Errorf("%d of %d events are the same with another seed", same, n)
	}
}

// TestGenerateInAnyOrder: an event is the same whatever was read before it, and is appended to what is there.
func TestGenerateInAnyOrder(t *testing.T) {
	h := opened(t, 100, 3)
	var forwards []string
	for i := range h.len() {
		forwards = append(forwards, string(h.appendEvent(nil, i)))
	}
	for i := h.len() - 1; i >= 0; i-- {
		if got := string(h.appendEvent([]byte("["), i)); got != "["+forwards[i] {
			t.Fatalf("event %d is %s, was %s", i, got, forwards[i])
		}
	}
}

func TestGeneratedTimes(t *testing.T) {
	for _, n := range []int{1, 2, 1000, 100_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			h := opened(t, n, 1)
			last := h.ingested(0)
			if last.Before(noon.Add(-generatedSpan)) {
				t.Errorf("the first is ingested %v before the start", noon.Sub(last))
			}
			for i := 1; i < n; i++ {
				now := h.ingested(i)
				if !now.After(last) {
					t.Fatalf("event %d is ingested at %v, the one before at %v", i, now, last)
				}
				if now.Nanosecond()%100 != 0 {
					t.Fatalf("event %d is ingested at %v, between two ticks", i, now)
				}
				last = now
			}
			if !last.Equal(noon) {
				t.Errorf("the last is ingested at %v, want %v", last, noon)
			}
		})
	}
}

// TestGeneratedEvents looks at what a client can meet in a log of ordinary length.
func TestGeneratedEvents(t *testing.T) {
	type event struct {
		Timestamp      time.Time
		EventID        string `json:"eventId"`
		Object, Action string
		IPAddress      string `json:"ipAddress"`
		Country        string
		Data           struct{ EventIDs []string }
	}
	const n = 5000
	h := opened(t, n, 1)
	var (
		ids        = make(map[string]bool)
		keySets    = make(map[int]int)
		kinds      = make(map[string]int)
		met        = make(map[string]int)
		countries  = make(map[string]int)
		newest     time.Time
		fractions  = make(map[int]int)
		unresolved int
	)
	for i := range n {
		text := h.appendEvent(nil, i)
		if err := checkEvent(text); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
		var e event
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatalf("event %d, %s: %v", i, text, err)
		}
		names := keys(t, text)
		if !isSubsequence(names, inOrder) {
			t.Fatalf("event %d has its keys in another order: %v", i, names)
		}
		names = slices.DeleteFunc(names, func(name string) bool { return name == "riskContext" })
		keySets[len(names)]++
		if older := slices.Contains(names, "integratorKey"); len(names) < 33 && older == slices.Contains(names, "affectedUserId") {
			t.Errorf("event %d mixes the two sets of keys: %v", i, names)
		}
		if ids[e.EventID] || !isGUID(e.EventID) {
			t.Errorf("event %d has the id %q", i, e.EventID)
		}
		ids[e.EventID] = true
		for _, id := range e.Data.EventIDs {
			if !ids[id] && i > 0 {
				unresolved++
			}
		}
		kinds[e.Object+"/"+e.Action]++

		lag := h.ingested(i).Sub(e.Timestamp)
		if lag < 0 || lag > 5*time.Minute {
			t.Errorf("event %d is ingested %v late", i, lag)
		}
		if lag == 5*time.Minute {
			met["the longest lag"]++
		}
		if e.Timestamp.Before(newest) {
			met["a timestamp out of order"]++
		}
		newest = later(newest, e.Timestamp)
		fractions[fractionDigits(text)]++

		if e.IPAddress == "" {
			met["no address"]++
		} else if a, err := netip.ParseAddr(e.IPAddress); err != nil || !documentation(a) {
			t.Errorf("event %d has the address %q", i, e.IPAddress)
		}
		if utf8.RuneCount(text) < len(text) {
			met["text outside ASCII"]++
		}
		if bytes.Contains(text, []byte(`:null,`)) {
			met["a null"]++
		}
		if strings.Count(string(text), `{"latitude"`) == 1 && e.Country != "" {
			countries[e.Country]++
		}
		if bytes.Contains(text, []byte(`\u`)) {
			met["escaped text"]++
		}
		if bytes.Contains(text, []byte(`"riskContext":{"sequence":9`)) {
			met["an unknown field"]++
		}
	}

	for size := range keySets {
		if size != 26 && (size < 28 || size > 30) && (size < 33 || size > 34) {
			t.Errorf("%d events have %d keys", keySets[size], size)
		}
	}
	for _, size := range []int{26, 28, 29, 30, 33, 34} {
		if keySets[size] == 0 {
			t.Errorf("no event has %d keys", size)
		}
	}
	for _, kind := range []string{
		// Seen in events that are published, or in integrations.
		"Envelope/Created", "Envelope/Sent", "Envelope/Updated", "Envelope/Deleted", "Template/Created", "Template/Updated",
		"Template/Deleted", "Account/UserAdded", "Account/Updated", "Group/Deleted", "User/Login", "User/Updated",
		"PermissionSet/Updated", "Connect/Updated", "Alert/IpAddressOutsideAllowedRanges", "Alert/SameSenderAndSigner",
		"Alert/TooManyLoginFailures", "Alert/CredentialLeakDetected",
		// Described without their words.
		"Envelope/Signed", "Envelope/Downloaded", "User/LockedOut", "User/PasswordChanged", "User/TwoFactorChanged",
		"User/RecoveryInformationChanged", "User/EmailChanged", "User/ProfileChanged", "User/Exported",
		"Alert/AuthenticationRequirementDisabled", "Alert/BulkUserExport", "Alert/BulkEnvelopeDownload",
		"Alert/LoginFromDistantPlace", "Alert/MassEnvelopeDeletion", "Alert/SignerAuthenticationRemoved", "Alert/SimultaneousLogins",
		// In no document.
		"AgreementDesk/Rearranged",
	} {
		if kinds[kind] == 0 {
			t.Errorf("no %s", kind)
		}
	}
	for _, what := range []string{
		"the longest lag", "a timestamp out of order", "no address", "text outside ASCII", "escaped text", "an unknown field", "a null",
	} {
		if met[what] == 0 {
			t.Errorf("no event with %s", what)
		}
	}
	if len(countries) != len(places) {
		t.Errorf("countries: %v", countries)
	}
	if fractions[7] < n/2 || fractions[6] == 0 || fractions[8] > 0 {
		t.Errorf("digits of the fractions of a second: %v", fractions)
	}
	if unresolved > 0 {
		t.Errorf("alerts name %d events that did not come before them", unresolved)
	}
}

// TestFractionsAreTrimmed: a time on the second has no fraction at all.
func TestFractionsAreTrimmed(t *testing.T) {
	h, err := Generate(1, 1).open(origin{start: noon.Truncate(time.Second), organization: organizationID, account: accountID})
	if err != nil {
		t.Fatal(err)
	}
	if text := string(h.appendEvent(nil, 0)); !strings.HasPrefix(text, `{"timestamp":"2026-02-03T12:00:00Z",`) {
		t.Errorf("event %s", text)
	}
}

// TestGenerateTakesNoMemory: a log of ten million events is opened and sought like a short one.
func TestGenerateTakesNoMemory(t *testing.T) {
	const n = 10_000_000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)

	v := view{past: opened(t, n, 1)}
	middle := v.since(noon.Add(-generatedSpan / 2))
	v.appendEvent(nil, middle)
	runtime.ReadMemStats(&after)

	if when := noon.Add(-generatedSpan / 2); v.ingested(middle).Before(when) || !v.ingested(middle-1).Before(when) {
		t.Errorf("half the time is at %d", middle)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("it took %d bytes", used)
	}
}

// keys are the names of the members of an object, in order.
func keys(t *testing.T, object []byte) (names []string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// inOrder is how the keys of an event stand.
var inOrder = strings.Fields(`timestamp eventId site accountId organizationId userId integratorKey userAgent
	userAgentClientInfo ipAddress ipAddressLocation object action property field result source isUserMemberOfDomain
	referencedUserIsMemberOfDomain referencedUserId proxyStatus proxyType proxyLevel latitude longitude city state country
	device browser os affectedUserId affectedUserIsMemberOfDomain data riskContext`)

func isSubsequence(part, whole []string) bool {
	for _, s := range part {
		i := slices.Index(whole, s)
		if i < 0 {
			return false
		}
		whole = whole[i+1:]
	}
	return true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// fractionDigits counts the digits after the point of a timestamp; -1 if they end in 0.
func fractionDigits(event []byte) int {
	_, rest, _ := bytes.Cut(event, []byte(`"timestamp":"`))
	stamp, _, _ := bytes.Cut(rest, []byte(`Z"`))
	_, fraction, _ := bytes.Cut(stamp, []byte("."))
	if bytes.HasSuffix(fraction, []byte("0")) {
		return 8
	}
	return len(fraction)
}

// documentation tells whether an address is reserved for documentation (RFC 5737, RFC 3849).
func documentation(a netip.Addr) bool {
	for _, prefix := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"} {
		if netip.MustParsePrefix(prefix).Contains(a) {
			return true
		}
	}
	return false
}
