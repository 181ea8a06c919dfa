package sandbox

import (
	"fmt"
	"time"
)

// Assumptions are answers to questions that no document on the platform answers, or that two answer differently. The zero
// value is what the sandbox does unless told otherwise. None is a claim about the real service.
//
// Some answers cannot be switched:
//
//   - The cursor before the first event, and every other one, is good for as long as the sandbox runs, unless it expires
//     by CursorLifetime. Of the cursors that mean a place where another one was given too, as those of empty pages, the
//     newest 50,000 are good. A date in the future is the head. A cursor of one organization is refused by another one.
//   - 403 of a user without the role has the shape of that of an organization without Monitor, and a sentence that is made
//     up. An organization that does not exist is 404.
//   - Errors of the OAuth endpoints carry {"error","error_description"}, the 401 with the code invalid_token.
//   - An assertion is judged with a minute of tolerance between the clocks. Its aud is one string, or a list of that one
//     string. An exp more than an hour after iat, an iat that is missing, an assertion that is not a JWT, a critical
//     header and a claim that is given twice are refused with no_valid_keys_or_signatures; an iat in the future with
//     expired_grant, since the documents name clock skew there; a scope without signature or without impersonation with
//     consent_required.
//   - A token request that is no form, is too large, or has a parameter in the URL, twice or not at all is refused with
//     invalid_request.
//
// The comment of each field says what the field does, then what is done by default, then why that is the default. The
// table in the README is made of these comments.
type Assumptions struct {
	// ExclusiveDates leaves out of a date cursor what was ingested at exactly that time. Default: it is included. Why: a
	// start that is left out would lose an event.
	ExclusiveDates bool

	// DatesByEventTime lets a date cursor seek the first event of the log whose timestamp is not earlier. Default: by the
	// time of ingestion. Why: the stream is ordered by ingestion.
	DatesByEventTime bool

	// DateReach ends a walk that began at a date so much later than the date, with the fixed point; 168h is what one
	// integrator documents. Default: it goes on to the head. Why: the publisher's samples walk a year.
	DateReach time.Duration

	// ErrorBody is what 400, 401, 404, 405 and 500 of the streams carry: PlatformError, SentenceError, EmptyError or
	// HTMLBody. Default: PlatformError. Why: it is the shape of the platform's other answers.
	ErrorBody ErrorBody

	// TokenErrorBody is what a 400 of the token endpoint carries: DescribedError, CodeAlone, HTMLTokenError or
	// PlainTokenError. Default: DescribedError. Why: the publisher lists the descriptions; that they are missing at times
	// was reported, and its shell sample guards against the other two.
	TokenErrorBody TokenErrorBody

	// NoContentAtHead answers 204 instead of an empty page at the head. Default: never. Why: nothing shows that it happens.
	NoContentAtHead bool

	// SwapForbidden exchanges the bodies of the 403 of the two streams. Default: none on the dataset stream, {"error"} on
	// the organization stream. Why: they were observed so, once.
	SwapForbidden bool

	// ClampLimit takes a limit outside the bounds for the nearest within. Default: it is refused with 400. Why: a limit
	// that is changed silently hides a mistake of the client.
	ClampLimit bool

	// OrganizationLimit is the most events in a page of the organization stream. Default: 2000. Why: the dataset stream has
	// it.
	OrganizationLimit int

	// OrganizationDefault is the most events in a page of the organization stream if no limit is asked for, as far as
	// OrganizationLimit allows. Default: 1000. Why: the dataset stream has it.
	OrganizationDefault int

	// ArbitraryCursors makes cursors opaque texts with characters that URLs and JSON escape. Default:
	// aa_<ticks>_<ticks>_<n>. Why: this form was seen on the dataset stream.
	ArbitraryCursors bool

	// SharedCursors accepts a cursor of one stream of an organization on the other stream of it. Default: it is refused.
	// Why: the streams have hosts of their own.
	SharedCursors bool

	// BadCursorRestarts takes a cursor that is malformed or was not given by this sandbox for none, so that the stream
	// begins seven days ago. A cursor that is given twice is refused in any case. Default: it is refused with 400. Why: the
	// other would be a loss that nobody notices.
	BadCursorRestarts bool

	// CursorLifetime refuses a cursor with 400 that was given longer ago. Default: it never expires. Why: nothing suggests
	// that it does.
	CursorLifetime time.Duration

	// HeadCursor is what becomes of the cursor at the head without news: CursorRests, CursorMovesOnce or CursorMoves.
	// Default: CursorRests. Why: the publisher's samples end when it comes back unchanged.
	HeadCursor HeadCursor

	// EqualCursorOnce gives the cursor that was sent as that of the last page with events, once; asked again, the page
	// comes again with a new cursor. Default: never. Why: nothing shows that it happens.
	EqualCursorOnce bool

	// EmptyPageEvery makes each so many-th page of a stream empty, with a moved cursor; it is 2 or more. Default: there is
	// none before the head. Why: nothing shows how often they come.
	EmptyPageEvery int

	// ShortPages are the most events of the pages, in turn. Default: a page is as long as it can be. Why: a maximum is
	// all that is promised, and this is the plainest.
	ShortPages []int

	// HeadEndCursor is what an empty page at the head has for its endCursor: GivenCursor, MissingEndCursor, EmptyEndCursor
	// or NullEndCursor. Default: GivenCursor. Why: the publisher's samples rely on it.
	HeadEndCursor EndCursor

	// NullArray gives null in place of an array without events. Default: an empty array. Why: null is documented as
	// possible, and was not seen.
	NullArray bool

	// RepeatAtBorders begins each page but the first with the last event before it. Default: never. Why: nothing shows
	// that it happens.
	RepeatAtBorders bool

	// Lag is how late made-up events are ingested: UpToFiveMinutes, NoLag or UpToOneHour. Default: UpToFiveMinutes, in a
	// fixed sequence. Why: it is documented.
	Lag Lag

	// LimitAs400 answers a limit with 400 and the code of the limit. Default: 429. Why: the platform changed to it in 2026.
	LimitAs400 bool

	// NoLimitHeaders leaves the X-RateLimit- and X-BurstLimit- headers out. Default: they are sent if there are limits.
	// Why: the platform documents them, although the one answer of Monitor that is known has none.
	NoLimitHeaders bool

	// RetryAfter adds a Retry-After to the answer of a limit. Default: there is none. Why: it is not documented.
	RetryAfter bool

	// HeadInterval answers 429 to who asks at the head sooner than so long after the answer there before. Default: it is
	// not enforced. Why: once a minute is what is asked for, and no answer to more is documented.
	HeadInterval time.Duration

	// Retention is how far back events are kept. Default: from 2021-01-01 on. Why: nothing before it is given, by the
	// documents; how long is not stated.
	Retention time.Duration

	// RefuseVersion2 leaves /api/v2.0 alone to exist. Default: /api/v2 is the same. Why: both are in use.
	RefuseVersion2 bool

	// RefuseAuthorizationCode refuses tokens of [Server.AuthorizationCodeToken]. Default: they are accepted. Why: some
	// integrations seem to use them.
	RefuseAuthorizationCode bool

	// Site is what made-up events have for their site. Default: DEMO. Why: no other was seen.
	Site string

	// NoCharacterArrays writes all texts in the data of made-up alerts as strings. Default: the alert SameSenderAndSigner
	// has arrays of single characters. Why: the one sample of it has.
	NoCharacterArrays bool

	// DatasetGone is the status of all answers of the dataset stream, 404 or 410. Default: it lives. Why: no date of a
	// shutdown is known.
	DatasetGone int
}

// ErrorBody is a shape of error bodies.
type ErrorBody int

// The shapes that the platform is known to use anywhere.
const (
	PlatformError ErrorBody = iota // {"errorCode","message"}
	SentenceError                  // {"error"} with a sentence
	EmptyError                     // nothing
	HTMLBody                       // a page for a browser
)

// TokenErrorBody is a shape of error bodies of the token endpoint.
type TokenErrorBody int

// The shapes that the token endpoint is known to use.
const (
	DescribedError  TokenErrorBody = iota // {"error","error_description"}
	CodeAlone                             // {"error"}
	HTMLTokenError                        // a page for a browser
	PlainTokenError                       // the text Bad Request
)

// HeadCursor is what becomes of the cursor at the head.
type HeadCursor int

// What a cursor does at the head.
const (
	CursorRests     HeadCursor = iota
	CursorMovesOnce            // and rests then
	CursorMoves                // with every answer, so that a client finds no end
)

// EndCursor is how an endCursor is given, or not.
type EndCursor int

// How an endCursor is given.
const (
	GivenCursor EndCursor = iota
	MissingEndCursor
	EmptyEndCursor
	NullEndCursor
)

// Lag is how late events are ingested.
type Lag int

// How late events are ingested.
const (
	UpToFiveMinutes Lag = iota
	NoLag
	UpToOneHour
)

// check says which assumption cannot be made.
func (a Assumptions) check() error {
	switch {
	case a.ErrorBody < PlatformError || a.ErrorBody > HTMLBody:
		return fmt.Errorf("assumption ErrorBody: there is no shape %d", a.ErrorBody)
	case a.TokenErrorBody < DescribedError || a.TokenErrorBody > PlainTokenError:
		return fmt.Errorf("assumption TokenErrorBody: there is no shape %d", a.TokenErrorBody)
	case a.HeadCursor < CursorRests || a.HeadCursor > CursorMoves:
		return fmt.Errorf("assumption HeadCursor: there is no %d", a.HeadCursor)
	case a.HeadEndCursor < GivenCursor || a.HeadEndCursor > NullEndCursor:
		return fmt.Errorf("assumption HeadEndCursor: there is no %d", a.HeadEndCursor)
	case a.Lag < UpToFiveMinutes || a.Lag > UpToOneHour:
		return fmt.Errorf("assumption Lag: there is no %d", a.Lag)
	case a.OrganizationLimit < 0:
		return fmt.Errorf("assumption OrganizationLimit: %d is no number of events", a.OrganizationLimit)
	case a.OrganizationDefault < 0:
		return fmt.Errorf("assumption OrganizationDefault: %d is no number of events", a.OrganizationDefault)
	case a.EmptyPageEvery == 1 || a.EmptyPageEvery < 0:
		return fmt.Errorf("assumption EmptyPageEvery: %d leaves no page with events; it is 2 or more", a.EmptyPageEvery)
	case a.DatasetGone != 0 && a.DatasetGone != 404 && a.DatasetGone != 410:
		return fmt.Errorf("assumption DatasetGone: %d is neither 404 nor 410", a.DatasetGone)
	case a.DateReach < 0 || a.CursorLifetime < 0 || a.HeadInterval < 0 || a.Retention < 0:
		return fmt.Errorf("assumptions: a time is less than nothing")
	}
	for _, n := range a.ShortPages {
		if n < 1 {
			return fmt.Errorf("assumption ShortPages: a page of %d events would look like the end", n)
		}
	}
	return nil
}
