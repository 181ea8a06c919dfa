package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Faults are accidents that happen to single requests, by their ordinals: the world misbehaves, and a client has to
// survive it. They are a script and not chance, so a test that fails once fails again.
//
//	sandbox.Faults{2: sandbox.Throttle(30 * time.Second), 5: sandbox.ResetPeer, sandbox.OfToken(1): sandbox.HTMLError}
//
// [ParseFaults] reads them from one line of text. What a server does against its promises is no fault but a defect.
type Faults map[Ordinal]Fault

// Ordinal says which request a fault happens to: the first, the second, and so on of one operation, retries and refused
// ones included, counted from the start of the sandbox. A plain number counts the requests to the two streams together;
// [OfToken] and [OfUserInfo] make those of the other operations.
type Ordinal int64

const (
	tokenOrdinals    Ordinal = 1 << 40
	userInfoOrdinals Ordinal = 2 << 40
)

// OfToken is the n-th request for a token, from 1.
func OfToken(n int) Ordinal { return tokenOrdinals + Ordinal(n) }

// OfUserInfo is the n-th request to userinfo, from 1.
func OfUserInfo(n int) Ordinal { return userInfoOrdinals + Ordinal(n) }

// String is the ordinal as [ParseFaults] reads it.
func (o Ordinal) String() string {
	switch {
	case o >= userInfoOrdinals:
		return fmt.Sprintf("userinfo:%d", int64(o-userInfoOrdinals))
	case o >= tokenOrdinals:
		return fmt.Sprintf("token:%d", int64(o-tokenOrdinals))
	default:
		return strconv.FormatInt(int64(o), 10)
	}
}

// operation is what the request of an ordinal asks for, and the place in the count of it.
func (o Ordinal) operation() (name string, n Ordinal) {
	switch {
	case o >= userInfoOrdinals:
		return opUserInfo, o - userInfoOrdinals
	case o >= tokenOrdinals:
		return opToken, o - tokenOrdinals
	default:
		return opStream, o
	}
}

// Fault is one accident. The zero Fault is none.
type Fault struct {
	name   string // as ParseFaults reads it, without its argument
	happen func(a accident)
	stream bool // makes sense for a page only
}

// String is the name of the fault.
func (f Fault) String() string { return f.name }

// accident is a request that a fault happens to.
type accident struct {
	*Server
	w    http.ResponseWriter
	r    *http.Request
	next http.Handler
}

// Throttle refuses a request with 429, the code of the hourly limit, the platform's headers and a Retry-After in seconds.
func Throttle(after time.Duration) Fault {
	return Fault{"throttle", func(a accident) {
		a.w.Header().Set("Retry-After", wholeSeconds(after))
		a.limit(http.StatusTooManyRequests, hourlyCode)
	}, false}
}

// ThrottleDate is [Throttle] with a Retry-After that is a date.
func ThrottleDate(after time.Duration) Fault {
	return Fault{"throttle-date", func(a accident) {
		a.w.Header().Set("Retry-After", a.now().Add(after).UTC().Format(http.TimeFormat))
		a.limit(http.StatusTooManyRequests, hourlyCode)
	}, false}
}

// ThrottleReset is [Throttle] without a Retry-After: when to ask again is in X-RateLimit-Reset alone.
func ThrottleReset(after time.Duration) Fault {
	return Fault{"throttle-reset", func(a accident) {
		a.w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(a.now().Add(after).Unix(), 10))
		a.limit(http.StatusTooManyRequests, hourlyCode)
	}, false}
}

// Limit400 refuses a request as the platform did until 2026: 400 with the code of the hourly limit and X-RateLimit-Reset.
func Limit400(after time.Duration) Fault {
	return Fault{"limit-400", func(a accident) {
		a.w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(a.now().Add(after).Unix(), 10))
		a.limit(http.StatusBadRequest, hourlyCode)
	}, false}
}

// SlowBody sends an answer in twenty pieces that take this long together, in real time.
func SlowBody(d time.Duration) Fault {
	return Fault{"slow", func(a accident) { a.slowly(d) }, false}
}

// ShortPage gives a page of at most n events, however many there are and were asked for. Less than one counts as one: a
// page without events and with the same cursor would be the end of the stream.
func ShortPage(n int) Fault {
	return pageFault("short", func(_ *Server, p *page) { p.to = min(p.to, p.from+max(n, 1)) })
}

// Redirect answers 307 with this URL.
func Redirect(url string) Fault {
	return Fault{"redirect", func(a accident) {
		exchangeOf(a.r.Context()).bare = true
		a.w.Header().Set("Location", url)
		a.w.WriteHeader(http.StatusTemporaryRedirect)
	}, false}
}

// Faults without an argument.
var (
	// Burst refuses a request with 429 and the code of the burst limit, of which nothing is left.
	Burst = Fault{"burst", func(a accident) {
		a.w.Header().Set("X-BurstLimit-Limit", "200")
		a.w.Header().Set("X-BurstLimit-Remaining", "0")
		problem(a.w, http.StatusTooManyRequests, burstCode, "The burst limit has been exceeded.")
	}, false}

	// BareThrottle is a 429 without a body and without a header that says when to ask again.
	BareThrottle = Fault{"bare-throttle", func(a accident) { a.empty(http.StatusTooManyRequests) }, false}

	// Unavailable is a 503 without a body.
	Unavailable = Fault{"unavailable", func(a accident) { a.empty(http.StatusServiceUnavailable) }, false}

	// ServerError is a 500 in the shape of the platform.
	ServerError = Fault{"error", func(a accident) {
		problem(a.w, http.StatusInternalServerError, "UNSPECIFIED_ERROR", "Something went wrong.")
	}, false}

	// HTMLError is a 502 with a page for a browser, as a proxy sends it.
	HTMLError = Fault{"html", func(a accident) { a.html(http.StatusBadGateway, "Bad Gateway") }, false}

	// HTMLPage is a 200 with a page for a browser, as a captive portal sends it.
	HTMLPage = Fault{"html-200", func(a accident) { a.html(http.StatusOK, "Sign in to the network") }, false}

	// ProblemJSON sends what would have been answered as application/problem+json.
	ProblemJSON = Fault{"problem-json", func(a accident) {
		whole := a.capture()
		whole.header.Set("Content-Type", "application/problem+json")
		whole.send(a.w)
	}, false}

	// Unauthorized is a 401, although the token is good and stays so.
	Unauthorized = Fault{"unauthorized", func(a accident) { a.refuseStranger(a.w, a.r) }, false}

	// Forbidden is a 403 without a body.
	Forbidden = Fault{"forbidden", func(a accident) { a.empty(http.StatusForbidden) }, false}

	// ResetPeer breaks the connection by a reset before anything is answered.
	ResetPeer = Fault{"reset", func(a accident) { a.drop(true) }, false}

	// HangUp closes the connection before anything is answered.
	HangUp = Fault{"hang-up", func(a accident) { a.drop(false) }, false}

	// GoAway answers, and closes the connection after that: by GOAWAY under HTTP/2, else by Connection: close.
	GoAway = Fault{"go-away", func(a accident) {
		a.w.Header().Set("Connection", "close")
		a.next.ServeHTTP(a.w, a.r)
	}, false}

	// TruncatedBody announces the length of the whole answer, sends half of it and breaks the connection.
	TruncatedBody = Fault{"truncated", func(a accident) {
		whole := a.capture()
		whole.header.Set("Content-Length", strconv.Itoa(len(whole.body)))
		whole.half().send(a.w)
		a.abort()
	}, false}

	// TruncatedChunks sends half of the answer in chunks and breaks the connection.
	TruncatedChunks = Fault{"truncated-chunks", func(a accident) {
		half := a.capture().half()
		half.header.Del("Content-Length")
		half.send(a.w)
		a.abort()
	}, false}

	// CutBody sends half of the answer as if it were the whole, with the length of the half.
	CutBody = Fault{"cut", func(a accident) {
		half := a.capture().half()
		half.header.Set("Content-Length", strconv.Itoa(len(half.body)))
		half.send(a.w)
	}, false}

	// CutChunks sends half of the answer in chunks and ends them properly.
	CutChunks = Fault{"cut-chunks", func(a accident) {
		half := a.capture().half()
		half.header.Del("Content-Length")
		half.send(a.w)
		http.NewResponseController(a.w).Flush() // else the library counts the bytes and announces them
	}, false}

	// Stall sends half of the answer and then nothing, until the client leaves or the sandbox is closed.
	Stall = Fault{"stall", func(a accident) {
		whole := a.capture()
		whole.header.Set("Content-Length", strconv.Itoa(len(whole.body)))
		whole.half().send(a.w)
		http.NewResponseController(a.w).Flush()
		a.silence()
	}, false}

	// Silence answers nothing at all, until the client leaves or the sandbox is closed.
	Silence = Fault{"silence", func(a accident) { a.silence() }, false}

	// Oversize sends 65 MiB of white space before the answer.
	Oversize = Fault{"oversize", func(a accident) { a.oversize() }, false}

	// ExpireToken ends the life of the token that the request carries, and so answers 401.
	ExpireToken = Fault{"expire-token", func(a accident) {
		a.tokens.revoke(bearer(a.r))
		a.next.ServeHTTP(a.w, a.r)
	}, false}

	// RevokeKey takes the keys of the integrations away from this request on: no assertion made with them is accepted any
	// more. A token that was issued stays good.
	RevokeKey = Fault{"revoke-key", func(a accident) {
		a.keyRevoked.Store(true)
		a.next.ServeHTTP(a.w, a.r)
	}, false}

	// WithdrawConsent takes every user's consent away from this request on. A token that was issued stays good.
	WithdrawConsent = Fault{"withdraw-consent", func(a accident) {
		a.consentWithdrawn.Store(true)
		a.next.ServeHTTP(a.w, a.r)
	}, false}

	// EmptyPage gives a page without events whose cursor is another one all the same. Nothing is lost: what was to come
	// comes after that cursor.
	EmptyPage = pageFault("empty", func(s *Server, p *page) {
		p.to = p.from
		p.end = quoted(s.moved(p.view, stand{n: p.from}))
	})

	// NullEvents is [EmptyPage] with null in place of the array.
	NullEvents = pageFault("null-events", func(s *Server, p *page) {
		p.to, p.null = p.from, true
		p.end = quoted(s.moved(p.view, stand{n: p.from}))
	})

	// DuplicateEvent repeats the last event of the page before at the beginning of the page.
	DuplicateEvent = pageFault("duplicate", func(_ *Server, p *page) { p.repeat = min(1, p.from) })

	// MissingCursor leaves the endCursor out.
	MissingCursor = pageFault("missing-cursor", func(_ *Server, p *page) { p.end = omitted })

	// EmptyCursor gives "" as the endCursor.
	EmptyCursor = pageFault("empty-cursor", func(_ *Server, p *page) { p.end = `""` })

	// NullCursor gives null as the endCursor.
	NullCursor = pageFault("null-cursor", func(_ *Server, p *page) { p.end = "null" })

	// Loop gives the cursor of the beginning of the log as the endCursor.
	Loop = pageFault("loop", func(_ *Server, p *page) { p.end = quoted(p.cursor(0)) })
)

func pageFault(name string, spoil func(s *Server, p *page)) Fault {
	return Fault{name, func(a accident) {
		exchangeOf(a.r.Context()).spoil = func(p *page) { spoil(a.Server, p) }
		a.next.ServeHTTP(a.w, a.r)
	}, true}
}

// check says which fault cannot happen.
func (f Faults) check() error {
	for ordinal, fault := range f {
		operation, n := ordinal.operation()
		switch {
		case n < 1:
			return fmt.Errorf("fault %s: requests are counted from 1", ordinal)
		case fault.happen == nil:
			return fmt.Errorf("fault %s: the zero Fault is none", ordinal)
		case fault.stream && operation != opStream:
			return fmt.Errorf("fault %s=%s: it happens to a page of a stream only", ordinal, fault)
		}
	}
	return nil
}
