package sandbox

import "time"

// A generated log is cut into chapters of a fixed number of events, so that a story that takes several events can be told
// although each event is made alone: what happens at an index follows from its chapter and its place in it.
//
// Objects and actions are those that integrations of the platform know. Where only a kind of event is known and not its
// words, they are made up: Envelope/Downloaded and /Signed, all of User but /Login and /Updated, and the actions of the
// alerts but for TooManyLoginFailures, IpAddressOutsideAllowedRanges, CredentialLeakDetected and SameSenderAndSigner.
// AgreementDesk and its action stand for all that no document names.

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

// part is an event of a log, as a part of a story, or alone.
type part struct {
	*story     // nil for none
	i      int // the event
	first  int // the first event of the story; i if there is none
}

func (g *generated) part(i int) part {
	number := i / chapter
	s, first := stories[(uint64(number)+g.seed)%uint64(len(stories))], number*chapter+storyFrom
	if s == nil || i < first || i >= first+s.length {
		return part{nil, i, i}
	}
	return part{s, i, first}
}

// happening is what an event is about, as far as it differs from one event to another.
type happening struct {
	*deed
	by       *source
	actor    int // index of the person
	place    int // index of the place
	host     int // which address of the actor's network
	affected int // index of the person, or noPerson
	since    int // the first of the events that an alert is on
	data     appendData
	dice     dice // for the data
}

// appendData appends the data of event i.
type appendData func(dst []byte, g *generated, h happening, i int) []byte

const noPerson = -1

// deed is what is done, as it stands in an event.
type deed struct {
	what     string // from the value of "object" to that of "source"
	complete string // the same with null in it
	kind     kind
}

type kind int

const (
	usual             kind = iota
	addsUser               // another person is affected
	warns                  // an alert
	warnsOrganization      // an alert that belongs to no account
	warnsOfNowhere         // an alert without an address
)

func deedOf(object, action, result string, kind kind) *deed {
	what, property := object+`","action":"`+action+`","property":`, `""`
	if object == "Account" && action == "Updated" {
		property = `"AccountSettings"`
	}
	result += `","source":"`
	return &deed{what + property + `,"field":"","result":"` + result, what + `null,"field":"Näme","result":"` + result, kind}
}

// source is by what something is done.
type source struct {
	name   string // and what comes up to the value of "referencedUserId"
	agents []agent
}

var (
	web   = source{`Web","referencedUserId":"`, browsers[:]}
	byAPI = source{`API","referencedUserId":"`, noBrowser[:]}
	other = source{`Other","referencedUserId":"`, noBrowser[:]}
)

// happening is what an event is about.
func (g *generated) happening(p part) happening {
	i := p.i
	if p.story != nil {
		h := p.tell(g, p.first, i-p.first)
		h.since = p.first
		return h
	}
	d := g.dice(aboutEvent, i)
	h := happening{by: one(&d, sources[:]), actor: d.below(people), affected: noPerson}
	h.place = h.actor % len(places)
	if d.below(4) == 0 { // most days are spent at home
		h.place = d.below(len(places))
	}
	h.host = d.below(hosts)
	of := &scenes[d.below(len(scenes))]
	if d.below(30) == 0 {
		of = &alerts[d.below(len(alerts))]
	}
	h.deed, h.data = of.deed, of.data
	switch h.kind {
	case addsUser:
		h.affected = (h.actor + 1 + d.below(people-1)) % people
	case warns, warnsOrganization:
		h.by = &other
		h.since = max(i-1-d.below(3), 0)
	case warnsOfNowhere:
		h.by = &other
		h.since = max(i-1, 0)
	}
	h.dice = d
	return h
}

var sources = [...]*source{&web, &web, &web, &byAPI, &other}

// scene is something that happens on any day.
type scene struct {
	*deed
	data appendData
}

// scenes are as many of a kind as the kind is common.
var scenes = [...]scene{
	{deedOf("Envelope", "Created", "", usual), anEnvelope},
	{deedOf("Envelope", "Created", "", usual), anEnvelope},
	{deedOf("Envelope", "Created", "", usual), anEnvelope},
	{deedOf("Envelope", "Sent", "", usual), anEnvelope},
	{deedOf("Envelope", "Sent", "", usual), anEnvelope},
	{deedOf("Envelope", "Sent", "", usual), anEnvelope},
	{deedOf("Envelope", "Signed", "", usual), anEnvelope},
	{deedOf("Envelope", "Signed", "", usual), anEnvelope},
	{deedOf("Envelope", "Updated", "", usual), anEnvelope},
	{deedOf("Envelope", "Downloaded", "", usual), anEnvelope},
	{deedOf("Envelope", "Deleted", "", usual), anEnvelope},
	{deedOf("Template", "Created", "", usual), guidAs(`{"TemplateId":"`)},
	{deedOf("Template", "Updated", "", usual), guidAs(`{"TemplateId":"`)},
	{deedOf("Template", "Deleted", "", usual), guidAs(`{"TemplateId":"`)},
	{deedOf("User", "Login", "Success", usual), noData},
	{deedOf("User", "Login", "Success", usual), noData},
	{deedOf("User", "Login", "Success", usual), noData},
	{deedOf("User", "Login", "Success", usual), noData},
	{deedOf("User", "Login", "Success", usual), noData},
	{deedOf("User", "Login", "Failed", usual), noData},
	{deedOf("User", "Updated", "", usual), noData},
	{deedOf("User", "PasswordChanged", "Success", usual), noData},
	{deedOf("User", "TwoFactorChanged", "Success", usual), noData},
	{deedOf("User", "RecoveryInformationChanged", "Success", usual), noData},
	{deedOf("User", "EmailChanged", "Success", usual), noData},
	{deedOf("User", "ProfileChanged", "Success", usual), noData},
	{deedOf("User", "LockedOut", "", usual), noData},
	{deedOf("User", "Exported", "Success", usual), noData},
	{deedOf("Account", "UserAdded", "", addsUser), addedUser},
	{deedOf("Account", "Updated", "", usual), changedSetting},
	{deedOf("Group", "Deleted", "", usual), numberAs(`{"GroupId":"`)},
	{deedOf("PermissionSet", "Updated", "Success", usual), numberAs(`{"PermissionProfileId":"`)},
	{deedOf("Connect", "Updated", "", usual), noData},
	{deedOf("AgreementDesk", "Rearranged", "Success", usual), nested},
}

// alerts are what the platform finds worth a warning, apart from the stories.
var alerts = [...]scene{
	{deedOf("Alert", "IpAddressOutsideAllowedRanges", "", warnsOrganization), countedEvents},
	{deedOf("Alert", "CredentialLeakDetected", "", warnsOfNowhere), severeEvents},
	{deedOf("Alert", "SameSenderAndSigner", "", warnsOfNowhere), sameSenderAndSigner},
	{deedOf("Alert", "SignerAuthenticationRemoved", "", warnsOfNowhere), severeEvents},
	{deedOf("Alert", "BulkUserExport", "", warnsOfNowhere), severeEvents},
	{deedOf("Alert", "SimultaneousLogins", "", warns), countedEvents},
}

// The deeds of the stories.
var (
	failedLogin   = deedOf("User", "Login", "Failed", usual)
	login         = deedOf("User", "Login", "Success", usual)
	created       = deedOf("Envelope", "Created", "", usual)
	sent          = deedOf("Envelope", "Sent", "", usual)
	downloaded    = deedOf("Envelope", "Downloaded", "", usual)
	deleted       = deedOf("Envelope", "Deleted", "", usual)
	permitted     = deedOf("PermissionSet", "Updated", "Success", usual)
	changedAccess = deedOf("Account", "Updated", "", usual)

	tooManyFailures = deedOf("Alert", "TooManyLoginFailures", "", warns)
	bulkDownload    = deedOf("Alert", "BulkEnvelopeDownload", "", warns)
	massDeletion    = deedOf("Alert", "MassEnvelopeDeletion", "", warns)
	disabled        = deedOf("Alert", "AuthenticationRequirementDisabled", "", warns)
	distantLogin    = deedOf("Alert", "LoginFromDistantPlace", "", warns)
)

var anEnvelope = guidAs(`{"EnvelopeId":"`)

// lead is who a story is about, and from where.
func (g *generated) lead(first int) happening {
	d := g.dice(aboutStory, first)
	h := happening{by: &web, actor: d.below(people), affected: noPerson, host: d.below(hosts), data: noData}
	h.place = h.actor % len(places)
	h.dice = d
	return h
}

// warning turns what a story told so far into the alert that ends it.
func (h happening) warning(of *deed) happening {
	h.deed, h.by, h.data = of, &other, countedEvents
	return h
}

// triedPasswords is someone who tries passwords of a person from one place until the platform takes notice.
func (g *generated) triedPasswords(first, k int) happening {
	h := g.lead(first)
	h.place = h.dice.below(len(places))
	if k == 7 {
		return h.warning(tooManyFailures)
	}
	h.deed = failedLogin
	return h
}

// integrationAtWork is an application that creates envelopes and sends each of them at once.
func (g *generated) integrationAtWork(first, k int) happening {
	h := g.lead(first)
	h.deed, h.by = created, &byAPI
	if k%2 == 1 {
		h.deed = sent
	}
	h.dice, h.data = g.dice(aboutStory, first+k/2+1), anEnvelope
	return h
}

// bulkDownload is someone who takes 22 envelopes away; 20 in an hour are a reason for an alert.
func (g *generated) bulkDownload(first, k int) happening {
	return g.envelopes(first, k, 22, downloaded, bulkDownload)
}

// massDeletion is someone who deletes envelopes.
func (g *generated) massDeletion(first, k int) happening {
	return g.envelopes(first, k, 16, deleted, massDeletion)
}

// envelopes is someone who does the same to so many envelopes, until there is an alert.
func (g *generated) envelopes(first, k, n int, each, alert *deed) happening {
	h := g.lead(first)
	if k == n {
		return h.warning(alert)
	}
	h.deed, h.dice, h.data = each, g.dice(aboutStory, first+k+1), anEnvelope
	return h
}

// weakenedRules is an administrator who signs in, gives permissions, and asks for less when others sign in.
func (g *generated) weakenedRules(first, k int) happening {
	h := g.lead(first)
	switch k {
	case 0:
		h.deed = login
	case 1:
		h.deed, h.data = permitted, numberAs(`{"PermissionProfileId":"`)
	case 2:
		h.deed, h.data = changedAccess, weakerSetting
	default:
		return h.warning(disabled)
	}
	return h
}

// twoCountries is an account that is signed in to at home, and within minutes elsewhere.
func (g *generated) twoCountries(first, k int) happening {
	h := g.lead(first)
	h.deed = login
	if k > 0 {
		h.place = (h.place + 1 + h.dice.below(len(places)-1)) % len(places)
		h.host = (h.host + 1) % hosts
	}
	if k == 2 {
		return h.warning(distantLogin)
	}
	return h
}
