package sandbox

import "time"

// A generated log is cut into chapters of a fixed number of events, so that a story that takes several events can be told
// although each event is made alone: what happens at an index follows from its chapter and its place in it.
//
// Objects and actions are those that integrations of the platform know. Where only a kind of event is known and not its
// words, they are made up: Envelope/Downloaded and /Signed, User/LockedOut, /PasswordChanged, /TwoFactorChanged and
// /Exported, and the actions of the alerts but for TooManyLoginFailures, IpAddressOutsideAllowedRanges,
// CredentialLeakDetected and SameSenderAndSigner. AgreementDesk and its action stand for all that no document names.

const (
	chapter   = 50 // events
	storyFrom = 20 // the place of a story's first event in a chapter
)

// story is something that takes several events in a row.
type story struct {
	length int           // events, at most chapter - storyFrom
	pace   time.Duration // from one to the next, if the log is not too dense for that
	tell   func(g *generated, first, k int) happening
}

// stories are told in turn, one in a chapter. None is a chapter of ordinary days.
var stories = [...]*story{
	{8, 9 * time.Second, (*generated).triedPasswords},
	{24, 800 * time.Millisecond, (*generated).integrationAtWork},
	nil,
	{23, 4 * time.Second, (*generated).bulkDownload},
	{4, 50 * time.Second, (*generated).weakenedRules},
	{3, 3 * time.Minute, (*generated).twoCountries},
	nil,
	{17, 2 * time.Second, (*generated).massDeletion},
}

// storyOf is the story that event i belongs to, and the index of its first event; none, and i itself, if it belongs to
// none.
func (g *generated) storyOf(i int) (s *story, first int) {
	number := i / chapter
	first = number*chapter + storyFrom
	s = stories[(uint64(number)+g.seed)%uint64(len(stories))]
	if s == nil || i < first || i >= first+s.length {
		return nil, i
	}
	return s, first
}

// happening is what an event is about, as far as it differs from one event to another.
type happening struct {
	object, action string
	result         string
	source         string
	actor          int // index of the person
	place          int // index of the place
	host           int // which address of the actor's network
	affected       int // index of the person, or noPerson
	since          int // the first of the events that an alert is on
	data           func(dst []byte, g *generated, h happening, i int) []byte
	dice           dice // for the data
	ofOrganization bool // an alert that belongs to no account
	nowhere        bool // without an address
}

const noPerson = -1

// happening is what event i is about.
func (g *generated) happening(i int) happening {
	if s, first := g.storyOf(i); s != nil {
		h := s.tell(g, first, i-first)
		h.since = first
		return h
	}
	d := g.dice(aboutEvent, i)
	h := happening{source: one(&d, sources[:]), actor: d.below(people), affected: noPerson}
	h.place = h.actor % len(places)
	if d.below(4) == 0 { // most days are spent at home
		h.place = d.below(len(places))
	}
	h.host = d.below(hosts)
	s := &scenes[d.below(len(scenes))]
	if d.below(30) == 0 {
		s = &alerts[d.below(len(alerts))]
	}
	h.object, h.action, h.result, h.data = s.object, s.action, s.result, s.data
	switch s.kind {
	case addsUser:
		h.affected = (h.actor + 1 + d.below(people-1)) % people
	case warnsOrganization:
		h.source, h.ofOrganization = "Other", true
		h.since = max(i-1-d.below(3), 0)
	case warnsAccount:
		h.source, h.nowhere = "Other", true
		h.since = max(i-1, 0)
	}
	h.dice = d
	return h
}

var sources = [...]string{"Web", "Web", "Web", "API", "Other"}

// scene is something that happens on any day.
type scene struct {
	object, action, result string
	kind                   kind
	data                   func(dst []byte, g *generated, h happening, i int) []byte
}

type kind int

const (
	usual             kind = iota
	addsUser               // another person is affected
	warnsOrganization      // an alert that belongs to no account
	warnsAccount           // an alert without an address
)

// scenes are as many of a kind as the kind is common.
var scenes = [...]scene{
	{"Envelope", "Created", "", usual, guidAs(`{"EnvelopeId":"`)},
	{"Envelope", "Created", "", usual, guidAs(`{"EnvelopeId":"`)},
	{"Envelope", "Created", "", usual, guidAs(`{"EnvelopeId":"`)},
	{"Envelope", "Sent", "", usual, guidAs(`{"EnvelopeId":"`)},
	{"Envelope", "Sent", "", usual, guidAs(`{"EnvelopeId":"`)},
	{"Envelope", "Sent", "", usual, guidAs(`{"EnvelopeId":"`)},
	{"Envelope", "Signed", "", usual, guidAs(`{"EnvelopeId":"`)},
	{"Envelope", "Signed", "", usual, guidAs(`{"EnvelopeId":"`)},
	{"Envelope", "Updated", "", usual, guidAs(`{"EnvelopeId":"`)},
	{"Envelope", "Downloaded", "", usual, guidAs(`{"EnvelopeId":"`)},
	{"Envelope", "Deleted", "", usual, guidAs(`{"EnvelopeId":"`)},
	{"Template", "Created", "", usual, guidAs(`{"TemplateId":"`)},
	{"Template", "Updated", "", usual, guidAs(`{"TemplateId":"`)},
	{"Template", "Deleted", "", usual, guidAs(`{"TemplateId":"`)},
	{"User", "Login", "Success", usual, noData},
	{"User", "Login", "Success", usual, noData},
	{"User", "Login", "Success", usual, noData},
	{"User", "Login", "Success", usual, noData},
	{"User", "Login", "Success", usual, noData},
	{"User", "Login", "Failed", usual, noData},
	{"User", "Updated", "", usual, noData},
	{"User", "PasswordChanged", "Success", usual, noData},
	{"User", "TwoFactorChanged", "Success", usual, noData},
	{"User", "LockedOut", "", usual, noData},
	{"Account", "UserAdded", "", addsUser, addedUser},
	{"Account", "Updated", "", usual, changedSetting},
	{"Group", "Deleted", "", usual, numberAs(`{"GroupId":"`)},
	{"PermissionSet", "Updated", "Success", usual, numberAs(`{"PermissionProfileId":"`)},
	{"Connect", "Updated", "", usual, noData},
	{"AgreementDesk", "Rearranged", "Success", usual, nested},
}

// alerts are what the platform finds worth a warning, apart from the stories.
var alerts = [...]scene{
	{"Alert", "IpAddressOutsideAllowedRanges", "", warnsOrganization, countedEvents},
	{"Alert", "CredentialLeakDetected", "", warnsAccount, severeEvents},
	{"Alert", "SameSenderAndSigner", "", warnsAccount, sameSenderAndSigner},
	{"Alert", "SignerAuthenticationRemoved", "", warnsAccount, severeEvents},
}

// lead is who a story is about, and from where.
func (g *generated) lead(first int) happening {
	d := g.dice(aboutStory, first)
	h := happening{source: "Web", actor: d.below(people), affected: noPerson, host: d.below(hosts), data: noData}
	h.place = h.actor % len(places)
	h.dice = d
	return h
}

// warning turns what a story told so far into the alert that ends it.
func (h happening) warning(action string) happening {
	h.object, h.action, h.result, h.source, h.data = "Alert", action, "", "Other", countedEvents
	return h
}

// triedPasswords is someone who tries passwords of a person from one place until the platform takes notice.
func (g *generated) triedPasswords(first, k int) happening {
	h := g.lead(first)
	h.place = h.dice.below(len(places))
	h.object, h.action, h.result = "User", "Login", "Failed"
	if k == 7 {
		return h.warning("TooManyLoginFailures")
	}
	return h
}

// integrationAtWork is an application that creates envelopes and sends each of them at once.
func (g *generated) integrationAtWork(first, k int) happening {
	h := g.lead(first)
	h.object, h.action, h.source = "Envelope", "Created", "API"
	if k%2 == 1 {
		h.action = "Sent"
	}
	h.dice, h.data = g.dice(aboutStory, first+k/2+1), guidAs(`{"EnvelopeId":"`)
	return h
}

// bulkDownload is someone who takes 22 envelopes away; 20 in an hour are a reason for an alert.
func (g *generated) bulkDownload(first, k int) happening {
	h := g.lead(first)
	h.object, h.action = "Envelope", "Downloaded"
	h.dice, h.data = g.dice(aboutStory, first+k+1), guidAs(`{"EnvelopeId":"`)
	if k == 22 {
		return h.warning("BulkEnvelopeDownload")
	}
	return h
}

// massDeletion is someone who deletes envelopes.
func (g *generated) massDeletion(first, k int) happening {
	h := g.lead(first)
	h.object, h.action = "Envelope", "Deleted"
	h.dice, h.data = g.dice(aboutStory, first+k+1), guidAs(`{"EnvelopeId":"`)
	if k == 16 {
		return h.warning("MassEnvelopeDeletion")
	}
	return h
}

// weakenedRules is an administrator who signs in, gives permissions, and asks for less when others sign in.
func (g *generated) weakenedRules(first, k int) happening {
	h := g.lead(first)
	switch k {
	case 0:
		h.object, h.action, h.result = "User", "Login", "Success"
	case 1:
		h.object, h.action, h.result, h.data = "PermissionSet", "Updated", "Success", numberAs(`{"PermissionProfileId":"`)
	case 2:
		h.object, h.action, h.data = "Account", "Updated", weakerSetting
	default:
		return h.warning("AuthenticationRequirementDisabled")
	}
	return h
}

// twoCountries is an account that is signed in to at home, and within minutes elsewhere.
func (g *generated) twoCountries(first, k int) happening {
	h := g.lead(first)
	h.object, h.action, h.result = "User", "Login", "Success"
	if k > 0 {
		h.place = (h.place + 1 + h.dice.below(len(places)-1)) % len(places)
		h.host = (h.host + 1) % hosts
	}
	if k == 2 {
		return h.warning("LoginFromDistantPlace")
	}
	return h
}
