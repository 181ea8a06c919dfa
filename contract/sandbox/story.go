package sandbox

import "strconv"

// A generated log is cut into chapters of a fixed number of events, so that a story that takes several events can be told
// although each event is made alone: what happens at an index follows from its chapter and its place in it.

const (
	chapter   = 50 // events
	burst     = 7  // failed logins in a row in a chapter that has them; the alert comes next
	burstFrom = 20 // the place of the first one
)

// happening is what an event is about, as far as it differs from one event to another.
type happening struct {
	object, action string
	result         string
	source         string
	actor          int // index of the person
	place          place
	address        string
	affected       int    // index of the person, or noPerson
	data           string // JSON
	ofOrganization bool   // an alert that belongs to no account
	nowhere        bool   // without an address
}

const noPerson = -1

// happening is what event i is about.
func (g generated) happening(i int) happening {
	if first, ok := g.burstOf(i); ok {
		return g.failedLogins(i, first)
	}
	d := g.dice(aboutEvent, i)
	h := happening{
		source:   one(&d, []string{"Web", "Web", "Web", "API", "Other"}),
		actor:    d.below(people),
		place:    one(&d, places),
		affected: noPerson,
	}
	if d.below(4) > 0 {
		h.place = places[h.actor%len(places)] // most days are spent at home
	}
	h.address = address(h.actor, &d)
	s := one(&d, scenes)
	if d.below(30) == 0 {
		s = one(&d, alerts)
	}
	h.object, h.action, h.result = s.object, s.action, s.result
	s.tell(&h, g, i, &d)
	return h
}

// burstOf tells whether event i belongs to a burst of failed logins, and which event is the first of it.
func (g generated) burstOf(i int) (first int, ok bool) {
	first = i/chapter*chapter + burstFrom
	d := g.dice(aboutStory, i/chapter)
	return first, d.below(3) == 0 && i >= first && i <= first+burst
}

// failedLogins is someone who tries passwords of a person from one place until the platform takes notice.
func (g generated) failedLogins(i, first int) happening {
	d := g.dice(aboutStory, first)
	h := happening{
		object: "User", action: "Login", result: "Failed", source: "Web",
		actor: d.below(people), place: one(&d, places), affected: noPerson, data: "{}",
	}
	h.address = address(h.actor, &d)
	if i < first+burst {
		return h
	}
	h.object, h.action, h.result, h.source = "Alert", "TooManyLoginFailures", "", "Other"
	h.data = g.counted(first, i)
	return h
}

// scene is something that happens on any day.
type scene struct {
	object, action, result string
	tell                   func(h *happening, g generated, i int, d *dice) // adds the particulars
}

// scenes are as many of a kind as the kind is common.
var scenes = []scene{
	{"Envelope", "Created", "", withGUID("EnvelopeId")},
	{"Envelope", "Created", "", withGUID("EnvelopeId")},
	{"Envelope", "Sent", "", withGUID("EnvelopeId")},
	{"Envelope", "Sent", "", withGUID("EnvelopeId")},
	{"Envelope", "Sent", "", withGUID("EnvelopeId")},
	{"Envelope", "Updated", "", withGUID("EnvelopeId")},
	{"Envelope", "Deleted", "", withGUID("EnvelopeId")},
	{"Template", "Created", "", withGUID("TemplateId")},
	{"Template", "Updated", "", withGUID("TemplateId")},
	{"User", "Login", "Success", withNothing},
	{"User", "Login", "Success", withNothing},
	{"User", "Login", "Success", withNothing},
	{"User", "Login", "Success", withNothing},
	{"User", "Login", "Failed", withNothing},
	{"User", "Updated", "", withNothing},
	{"Account", "UserAdded", "", addedUser},
	{"Account", "Updated", "", changedSetting},
	{"Group", "Deleted", "", withNumber("GroupId")},
	{"PermissionSet", "Updated", "Success", withNumber("PermissionProfileId")},
	{"Connect", "Updated", "", withNothing},
}

// alerts are what the platform finds worth a warning, apart from the stories.
var alerts = []scene{
	{"Alert", "IpAddressOutsideAllowedRanges", "", outsideRanges},
	{"Alert", "CredentialLeakDetected", "", leakedCredential},
	{"Alert", "SameSenderAndSigner", "", sameSenderAndSigner},
}

func withNothing(h *happening, _ generated, _ int, _ *dice) { h.data = "{}" }

func withGUID(key string) func(*happening, generated, int, *dice) {
	return func(h *happening, _ generated, _ int, d *dice) {
		h.data = "{" + quote(key) + ":" + quote(d.guid()) + "}"
	}
}

// withNumber adds a number, which the platform writes as a string.
func withNumber(key string) func(*happening, generated, int, *dice) {
	return func(h *happening, _ generated, _ int, d *dice) {
		h.data = "{" + quote(key) + ":" + quote(strconv.Itoa(1_000_000+d.below(9_000_000))) + "}"
	}
}

func addedUser(h *happening, g generated, _ int, d *dice) {
	h.affected = (h.actor + 1 + d.below(people-1)) % people
	h.data = `{"AffectedUserId":` + quote(g.person(h.affected)) + `,"AffectedMembershipId":` + quote(d.guid()) +
		`,"PermissionProfileId":` + quote(strconv.Itoa(1_000_000+d.below(9_000_000))) + "}"
}

func changedSetting(h *happening, _ generated, _ int, d *dice) {
	h.data = `{"SettingsKey":` + quote(one(d, []string{"PasswordStrength", "SessionTimeout", "TwoFactorRequired"})) + "}"
}

// outsideRanges is an alert on events before it.
func outsideRanges(h *happening, g generated, i int, d *dice) {
	h.source, h.ofOrganization = "Other", true
	h.data = g.counted(max(i-1-d.below(3), 0), i)
}

// counted is the data of an alert on the events from one to before another.
func (g generated) counted(from, to int) string {
	data := []byte(`{"EventIds":[`)
	for k := from; k < to; k++ {
		if k > from {
			data = append(data, ',')
		}
		data = append(data, quote(g.eventID(k))...)
	}
	data = append(data, `],"Count":`...)
	return string(append(data, quote(strconv.Itoa(to-from))+"}"...))
}

func leakedCredential(h *happening, g generated, i int, _ *dice) {
	h.source, h.nowhere = "Other", true
	h.data = `{"EventIds":[` + quote(g.eventID(max(i-1, 0))) + `],"Severity":"High"}`
}

// sameSenderAndSigner holds texts as arrays of single characters, as the one alert of this kind that is known does.
func sameSenderAndSigner(h *happening, g generated, i int, d *dice) {
	h.source, h.nowhere = "Other", true
	spell := spell
	if g.assume.NoCharacterArrays {
		spell = quote
	}
	h.data = `{"SignerIp":` + spell("198.51.100."+strconv.Itoa(1+d.below(254))) + `,"EnvelopeType":` + spell("Template") +
		`,"EventIds":[` + quote(g.eventID(max(i-1, 0))) + `],"EnvelopeId":` + spell(d.guid()) +
		`,"SignerUserId":` + spell(g.person(h.actor)) + `,"SignerUserAgent":` + spell("Agent/1.0") +
		`,"Severity":` + quote(one(d, []string{"Low", "Medium", "High"})) + "}"
}

// spell is the array of the characters of an ASCII text.
func spell(text string) string {
	array := make([]byte, 0, 4*len(text)+2)
	array = append(array, '[')
	for i := range len(text) {
		if i > 0 {
			array = append(array, ',')
		}
		array = append(array, '"', text[i], '"')
	}
	return string(append(array, ']'))
}

// quote puts a text into quotation marks that needs no escape, or holds its escapes already.
func quote(text string) string { return `"` + text + `"` }
