package api

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
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
	Body       []byte    // the first KiB of the answer's body; of a 200 nothing, since it may hold events
	Err        error     // one of the errors above, or the cause of having no answer; may be nil

	transient bool // worth another attempt
	permanent bool // of those, most likely a wrong address: given up soon while the host has never answered
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// Error says it in one line.
func (e *Error) Error() string {
	what := fmt.Sprint(e.Err)
	if e.StatusCode != 0 && e.StatusCode != http.StatusOK {
		status := strings.TrimSpace(fmt.Sprint(e.StatusCode, " ", http.StatusText(e.StatusCode)))
		said := slices.DeleteFunc([]string{status, e.Code, e.Message}, func(s string) bool { return s == "" })
		what = strings.Join(said, ": ")
	}
	add := func(given bool, text string) {
		if given {
			what += text
		}
	}
	add(!e.RetryAt.IsZero(), "; to be asked again at "+e.RetryAt.UTC().Format(time.RFC3339))
	add(e.Advice != "", "; "+e.Advice)
	add(e.Attempts > 1, fmt.Sprintf(" (%d attempts)", e.Attempts))
	add(e.TraceToken != "", " (trace token "+e.TraceToken+")")
	return "docusign: " + e.Op + ": " + what
}

// read fills in what an answer other than 200 says. The shape of the body is found by looking at its bytes: every host is
// known to send several of them, and none.
func (e *Error) read(h http.Header, body []byte, now time.Time) {
	e.Body = body

	// The union of the three JSON shapes in which Docusign says what went wrong.
	var p struct {
		ErrorCode, Message, Error string
		Description               string `json:"error_description"`
	}
	switch err := json.Unmarshal(body, &p); {
	case err == nil && p.Error != "" && (p.Description != "" || !strings.Contains(p.Error, " ")):
		e.Code, e.Message = p.Error, p.Description
	case err == nil:
		e.Code, e.Message = p.ErrorCode, cmp.Or(p.Error, p.Message)
	case !bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")): // a page for a browser says nothing in one line
		e.Message = string(body)
	}

	// The hourly and the burst limit: the platform has sent them with 400 and, since 2026, with 429.
	limited := e.StatusCode == http.StatusTooManyRequests ||
		e.StatusCode == http.StatusBadRequest && strings.HasSuffix(e.Code, "_APIINVOCATION_LIMIT_EXCEEDED")
	if limited {
		e.Err = ErrRateLimited
	}
	e.transient = limited || e.StatusCode >= 500
	e.RetryAt = retryAt(h, e.Code, limited, now)
}

// meanings are what answers mean and what to do about them, by operation, status, code and message, as far as they matter.
// The first that fits counts.
var meanings = []struct {
	answer string
	err    error
	advice string
}{
	{"stream 401", ErrUnauthorized, "a new token was refused too: check that auth and stream belong to the same environment"},
	{"userinfo 401", ErrUnauthorized, "a new token was refused too"},
	{"token 3", nil, "no redirect is followed: check the auth URL, and any proxy on the way"},
	{"stream 3", nil, "no redirect is followed: check the URL of the stream, and any proxy on the way"},
	{"stream 403", ErrNotEntitled, "check that the organization has Docusign Monitor, and that the user administers it and no other"},
	{"token 400 consent_required", ErrConsentRequired, "let the user consent once"},
	{"token 400 invalid_grant user_not_found", ErrUserNotFound, "check the user id" + inEnvironment},
	{"token 400 invalid_grant issuer_not_found", ErrIssuerNotFound, "check the integration key" + inEnvironment},
	{"token 400 invalid_grant no_valid_keys_or_signatures", ErrWrongKey, "check that the private key is one of the integration key's, and the clock of this machine"},
	{"token 400 invalid_grant expired_grant", ErrExpiredGrant, "check the clock of this machine"},
	{"token 400 invalid_grant invalid_subject", ErrInvalidSubject, "give the GUID of the user, not the e-mail address"},
	{"token 400 invalid_grant", ErrInvalidGrant, "check integration key, user id, private key and environment"},
	{"token", nil, "check the auth URL, the integration key and the environment"},
}

const inEnvironment = ", and that it belongs to this environment (demo and production share nothing)"

// lost says why there is no answer, or not the whole of one.
func (e *Error) lost(err error) {
	text := err.Error()
	if e.StatusCode != 0 {
		text = "the answer was cut off: " + text
	}
	e.Err, e.transient = &cause{err, text}, true
	op, _ := errors.AsType[*net.OpError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	if untrusted || errors.Is(err, http.ErrSchemeMismatch) || op != nil && (op.Op == "dial" || op.Op == "proxyconnect") {
		e.permanent = true
		e.Advice = "check the host, its certificate, the network and HTTPS_PROXY"
	}
}

// cause is why there is no answer. net/http quotes in its errors what a server sent instead of HTTP, so the text is
// redacted, and the error itself can be asked for with errors.Is and errors.As but not be printed.
type cause struct {
	err  error
	text string
}

func (c *cause) Error() string        { return c.text }
func (c *cause) GoString() string     { return c.text }
func (c *cause) Is(target error) bool { return errors.Is(c.err, target) }
func (c *cause) As(target any) bool   { return errors.As(c.err, target) }

// finish says what a final answer means, and removes the secret of the request from all that the server sent: a hostile
// or careless one may send it back, in any of these forms. The signature of an assertion is as good as the whole, so its
// parts are secrets too. What is left is cut to size, and texts are made one printable line, so that no answer can forge
// a line of a log or steer a terminal.
func (e *Error) finish(secret string) *Error {
	answer := fmt.Sprint(e.Op, " ", e.StatusCode, " ", e.Code, " ", e.Message)
	for _, meaning := range meanings {
		if !e.transient && strings.HasPrefix(answer, meaning.answer) {
			e.Err, e.Advice = cmp.Or(e.Err, meaning.err), meaning.advice
			break
		}
	}

	var pairs []string
	for _, part := range append([]string{secret}, strings.Split(secret, ".")...) { // the whole first, lest a rest of it stays
		if part == "" || len(part) < 8 && part != secret {
			continue
		}
		for _, form := range []string{part, url.QueryEscape(part), url.PathEscape(part), strings.ReplaceAll(part, "/", `\/`),
			base64.RawStdEncoding.EncodeToString([]byte(part)), base64.RawURLEncoding.EncodeToString([]byte(part))} {
			pairs = append(pairs, form, "[redacted]")
		}
	}
	secrets := strings.NewReplacer(pairs...)
	hide := func(text string) string {
		plain := escaped.ReplaceAllStringFunc(text, func(c string) string {
			code, _ := strconv.ParseUint(c[len(`\u`):], 16, 8) // escaped lets nothing else pass
			return string(rune(code))
		})
		if secrets.Replace(plain) != plain {
			text = plain
		}
		return secrets.Replace(text)
	}
	e.Body = []byte(hide(string(e.Body)))
	e.Body = e.Body[:min(len(e.Body), maxErrorBody)]
	texts := []*string{&e.Code, &e.Message, &e.TraceToken}
	if lost, ok := e.Err.(*cause); ok {
		texts = append(texts, &lost.text)
	}
	for _, text := range texts {
		*text = strings.Join(strings.FieldsFunc(hide(*text), func(r rune) bool {
			return unicode.IsSpace(r) || !unicode.IsPrint(r)
		}), " ")
		if len(*text) > 300 {
			*text = strings.ToValidUTF8((*text)[:300], "") + "…"
		}
	}
	return e
}

// escaped is a character of ASCII as JSON may write it: some encoders do so with + and the like, and a hostile server with all.
var escaped = regexp.MustCompile(`\\u00[0-7][0-9A-Fa-f]`)

// burstWindow is the time in which the burst quota of the platform is counted.
const burstWindow = 30 * time.Second

// retryAt reads when the server wants to be asked again: Retry-After, or else, when a limit was met, the end of the
// burst window or of the hour. Times of the server's clock are moved to ours by its Date.
func retryAt(h http.Header, code string, limited bool, now time.Time) time.Time {
	skew := time.Duration(0)
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		skew = now.Sub(date)
	}
	after := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(after, 10, 31); err == nil {
		return now.Add(time.Duration(seconds) * time.Second)
	}
	if date, err := http.ParseTime(after); err == nil {
		return date.Add(skew)
	}
	reset, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	switch {
	case !limited:
		return time.Time{}
	case strings.HasPrefix(code, "BURST_") || h.Get("X-BurstLimit-Remaining") == "0":
		return now.Add(burstWindow)
	case err == nil && reset > 0:
		return time.Unix(reset, 0).Add(skew)
	}
	return time.Time{}
}
