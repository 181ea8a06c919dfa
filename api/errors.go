package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What an error is, for [errors.Is]. Each is wrapped by an [Error] that says more, [ErrNotCaughtUp] and [ErrLoop] apart,
// which are of the walk and not of an answer.
var (
	// ErrInvalidGrant is any refusal of the assertion by the account server; the ones below it say which.
	ErrInvalidGrant   = errors.New("the grant is refused")
	ErrUserNotFound   = fmt.Errorf("%w: user not found", ErrInvalidGrant)
	ErrIssuerNotFound = fmt.Errorf("%w: integration key not found", ErrInvalidGrant)
	ErrWrongKey       = fmt.Errorf("%w: no valid keys or signatures", ErrInvalidGrant)
	ErrExpiredGrant   = fmt.Errorf("%w: expired", ErrInvalidGrant)
	ErrInvalidSubject = fmt.Errorf("%w: invalid subject", ErrInvalidGrant)

	// ErrConsentRequired means that the user has not yet allowed the integration key to act on the user's behalf.
	ErrConsentRequired = errors.New("consent required")

	// ErrUnauthorized is a 401 that a new token did not mend.
	ErrUnauthorized = errors.New("unauthorized")

	// ErrNotEntitled is a 403 of a stream: no Monitor entitlement, no suitable role, or several organizations.
	ErrNotEntitled = errors.New("not entitled")

	// ErrRateLimited is a 429, or a 400 with the error code of a limit.
	ErrRateLimited = errors.New("rate limited")

	// ErrBadCursor is a 400 to a request with a cursor. It never means that a client may start over by itself.
	ErrBadCursor = errors.New("bad cursor")

	// ErrMalformedPage is a 200 that is not exactly one JSON object of the stream's shape with an endCursor. One that
	// ends early wraps io.ErrUnexpectedEOF as well.
	ErrMalformedPage = errors.New("malformed page")

	// ErrNotCaughtUp ends a walk after ten empty pages in a row whose cursors moved on all the same.
	ErrNotCaughtUp = errors.New("docusign: not proven caught up: ten empty pages in a row, and the cursor still moves; go on later from the last cursor")

	// ErrLoop ends a walk whose server gives a cursor that it gave before, other than the one just sent.
	ErrLoop = errors.New("docusign: the server leads in a circle: it gives a cursor again that it gave earlier in this run; start again from the last cursor, and report it to Docusign if it repeats")
)

// maxErrorBody is how much of an error's body is kept, in bytes.
const maxErrorBody = 1 << 10

// Error is a request that failed: an answer other than 200, an answer that cannot be read, or no answer at all. No
// field, and no form in which it can be printed, holds a token or an assertion, whatever the server sent back.
type Error struct {
	Op         string    // what was asked for: "token", "userinfo" or "stream"
	StatusCode int       // of the answer; 0 if there was none
	Code       string    // errorCode of the platform, or error of OAuth, if any
	Message    string    // the server's words, if any
	Advice     string    // what to do about it, if that is known
	TraceToken string    // X-DocuSign-TraceToken, for Docusign's support
	RetryAt    time.Time // when the server wants to be asked again; zero if it did not say
	Attempts   int       // how many requests were made, this one included
	Body       []byte    // the first KiB of the answer's body
	Err        error     // one of the errors above, or the cause of having no answer; may be nil

	final     bool // of a token: has been tried as often as it may be
	transient bool // worth another attempt
	permanent bool // of those, most likely a wrong address: given up soon while the host has never answered
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// Error says it in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("docusign: " + e.Op + ": ")
	switch {
	case e.StatusCode == 0 || e.StatusCode == http.StatusOK:
		fmt.Fprint(&b, e.Err)
	default:
		b.WriteString(strings.TrimSpace(strconv.Itoa(e.StatusCode) + " " + http.StatusText(e.StatusCode)))
		for _, s := range []string{e.Code, e.Message} {
			if s != "" {
				b.WriteString(": " + s)
			}
		}
	}
	if !e.RetryAt.IsZero() {
		b.WriteString("; to be asked again at " + e.RetryAt.UTC().Format(time.RFC3339))
	}
	if e.Advice != "" {
		b.WriteString("; " + e.Advice)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (%d attempts)", e.Attempts)
	}
	if e.TraceToken != "" {
		b.WriteString(" (trace token " + e.TraceToken + ")")
	}
	return b.String()
}

// problem is the union of the three JSON shapes in which Docusign says what went wrong.
type problem struct {
	ErrorCode   string `json:"errorCode"`
	Message     string `json:"message"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// answerError makes an Error of an answer other than 200. The shape of the body is found by looking at its bytes: every
// host is known to send several of them, and none.
func answerError(op string, res *http.Response, body []byte, secrets scrubber, now time.Time) *Error {
	e := &Error{
		Op:         op,
		StatusCode: res.StatusCode,
		TraceToken: secrets.line(res.Header.Get("X-DocuSign-TraceToken")),
	}
	text := secrets.text(string(body))
	e.Body = []byte(text[:min(len(text), maxErrorBody)])

	var p problem
	if json.Unmarshal(body, &p) == nil {
		e.Code, e.Message = p.ErrorCode, p.Message
		switch {
		case p.Error != "" && (p.Description != "" || !strings.Contains(p.Error, " ")):
			e.Code, e.Message = p.Error, p.Description
		case p.Error != "":
			e.Message = p.Error
		}
	} else if !strings.HasPrefix(strings.TrimSpace(text), "<") {
		e.Message = text
	}
	e.Code, e.Message = secrets.line(e.Code), secrets.line(e.Message)

	limited := e.StatusCode == http.StatusTooManyRequests || isLimitCode(e.Code) && e.StatusCode == http.StatusBadRequest
	if limited {
		e.Err = ErrRateLimited
	}
	e.transient = limited || e.StatusCode >= 500
	e.RetryAt = retryAt(res.Header, e.Code, limited, now)
	return e
}

// isLimitCode knows the hourly and the burst limit. The platform has sent them with 400 and, since 2026, with 429.
func isLimitCode(code string) bool {
	return strings.HasSuffix(code, "_APIINVOCATION_LIMIT_EXCEEDED")
}

// burstWindow is the time in which the burst quota of the platform is counted.
const burstWindow = 30 * time.Second

// retryAt reads when the server wants to be asked again: Retry-After, or else, when a limit was met, the end of the
// burst window or of the hour. Times of the server's clock are moved to ours by its Date.
func retryAt(h http.Header, code string, limited bool, now time.Time) time.Time {
	skew := time.Duration(0)
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		skew = now.Sub(date)
	}
	if after := strings.TrimSpace(h.Get("Retry-After")); after != "" {
		if seconds, err := strconv.ParseInt(after, 10, 32); err == nil && seconds >= 0 {
			return now.Add(time.Duration(seconds) * time.Second)
		}
		if date, err := http.ParseTime(after); err == nil {
			return date.Add(skew)
		}
	}
	if !limited {
		return time.Time{}
	}
	if strings.HasPrefix(code, "BURST_") || strings.TrimSpace(h.Get("X-BurstLimit-Remaining")) == "0" {
		return now.Add(burstWindow)
	}
	if reset, err := strconv.ParseInt(strings.TrimSpace(h.Get("X-RateLimit-Reset")), 10, 64); err == nil && reset > 0 {
		return time.Unix(reset, 0).Add(skew)
	}
	return time.Time{}
}
