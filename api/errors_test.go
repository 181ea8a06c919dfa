package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var exported = cmp.Options{cmpopts.IgnoreUnexported(Error{}), cmpopts.EquateErrors(), cmpopts.IgnoreFields(Error{}, "Body")}

func TestAnswerError(t *testing.T) {
	tests := map[string]struct {
		status  int
		headers map[string]string
		body    string
		want    Error
		line    string
	}{
		"platform": {401, map[string]string{"X-DocuSign-TraceToken": "trace"},
			`{"errorCode":"USER_AUTHENTICATION_FAILED","message":"Invalid access token"}`,
			Error{StatusCode: 401, Code: "USER_AUTHENTICATION_FAILED", Message: "Invalid access token", TraceToken: "trace", Err: ErrUnauthorized, Advice: "a new token was refused too"},
			"docusign: userinfo: 401 Unauthorized: USER_AUTHENTICATION_FAILED: Invalid access token; a new token was refused too (trace token trace)"},
		"a sentence": {403, nil, `{"error":"Organization does not have Monitor entitlement"}`,
			Error{StatusCode: 403, Message: "Organization does not have Monitor entitlement"},
			"docusign: userinfo: 403 Forbidden: Organization does not have Monitor entitlement"},
		"OAuth": {400, nil, `{"error":"invalid_grant","error_description":"user_not_found"}`,
			Error{StatusCode: 400, Code: "invalid_grant", Message: "user_not_found"},
			"docusign: userinfo: 400 Bad Request: invalid_grant: user_not_found"},
		"OAuth, no description": {400, nil, `{"error":"consent_required"}`,
			Error{StatusCode: 400, Code: "consent_required"},
			"docusign: userinfo: 400 Bad Request: consent_required"},
		"empty": {403, nil, ``, Error{StatusCode: 403}, "docusign: userinfo: 403 Forbidden"},
		"HTML": {502, nil, "\n<html><h1>Bad\nGateway</h1></html>", Error{StatusCode: 502},
			"docusign: userinfo: 502 Bad Gateway"},
		"text": {400, nil, "Bad Request\r\nreally", Error{StatusCode: 400, Message: "Bad Request really"},
			"docusign: userinfo: 400 Bad Request: Bad Request really"},
		"another JSON": {400, nil, `[1]`, Error{StatusCode: 400, Message: "[1]"}, "docusign: userinfo: 400 Bad Request: [1]"},
		"odd types":    {400, nil, `{"errorCode":7}`, Error{StatusCode: 400, Message: `{"errorCode":7}`}, `docusign: userinfo: 400 Bad Request: {"errorCode":7}`},
		"odd status":   {599, nil, ``, Error{StatusCode: 599}, "docusign: userinfo: 599"},
		"terminal escapes": {400, map[string]string{"X-DocuSign-TraceToken": "a\x1b[2Jb"}, "{\"message\":\"x\\u001b[31my\\u202e\"}",
			Error{StatusCode: 400, Message: "x [31my", TraceToken: "a [2Jb"},
			"docusign: userinfo: 400 Bad Request: x [31my (trace token a [2Jb)"},
		"limit, 429": {429, map[string]string{"Retry-After": "30"}, ``,
			Error{StatusCode: 429, Err: ErrRateLimited, RetryAt: at(30)},
			"docusign: userinfo: 429 Too Many Requests; to be asked again at 2026-01-02T03:04:35Z"},
		"limit, 400": {400, map[string]string{"X-RateLimit-Reset": fmt.Sprint(at(600).Unix())}, `{"errorCode":"HOURLY_APIINVOCATION_LIMIT_EXCEEDED","message":"m"}`,
			Error{StatusCode: 400, Code: "HOURLY_APIINVOCATION_LIMIT_EXCEEDED", Message: "m", Err: ErrRateLimited, RetryAt: at(600)},
			"docusign: userinfo: 400 Bad Request: HOURLY_APIINVOCATION_LIMIT_EXCEEDED: m; to be asked again at 2026-01-02T03:14:05Z"},
		"the code of a limit, 403": {403, nil, `{"errorCode":"HOURLY_APIINVOCATION_LIMIT_EXCEEDED"}`,
			Error{StatusCode: 403, Code: "HOURLY_APIINVOCATION_LIMIT_EXCEEDED"},
			"docusign: userinfo: 403 Forbidden: HOURLY_APIINVOCATION_LIMIT_EXCEEDED"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := answerError(response(test.status, test.headers), test.body, "")
			test.want.Op = "userinfo"
			if diff := cmp.Diff(test.want, *got, exported); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if got.Error() != test.line {
				t.Errorf("says\n%s, want\n%s", got, test.line)
			}
			if string(got.Body) != test.body {
				t.Errorf("body %q, want %q", got.Body, test.body)
			}
		})
	}
}

func answerError(res *http.Response, body, secret string) *Error {
	e := &Error{Op: "userinfo", StatusCode: res.StatusCode, TraceToken: res.Header.Get("X-DocuSign-TraceToken")}
	e.read(res.Header, []byte(body), at(0))
	return e.finish(secret)
}

// at is a moment of the tests, in seconds from their beginning.
func at(seconds int) time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5+seconds, 0, time.UTC)
}

func response(status int, headers map[string]string) *http.Response {
	res := &http.Response{StatusCode: status, Header: http.Header{}}
	for name, value := range headers {
		res.Header.Set(name, value)
	}
	return res
}

func TestAnswerErrorIsBounded(t *testing.T) {
	e := answerError(response(500, nil), strings.Repeat("é", 50_000), "")
	if got := len(e.Body); got != 1024 {
		t.Errorf("%d bytes of body are kept", got)
	}
	if got := len(e.Error()); got > 500 {
		t.Errorf("the error says %d bytes", got)
	}
}

func TestErrorSays(t *testing.T) {
	e := &Error{Op: "token", Err: errNoToken, Advice: "do this", Attempts: 3}
	if got, want := e.Error(), "docusign: token: no token; do this (3 attempts)"; got != want {
		t.Errorf("says %q, want %q", got, want)
	}
	if !errors.Is(e, errNoToken) {
		t.Error("does not unwrap")
	}
}

func TestRetryAt(t *testing.T) {
	reset := func(seconds int) string { return fmt.Sprint(at(seconds).Unix()) }
	date := func(seconds int) string { return at(seconds).Format(http.TimeFormat) }
	tests := map[string]struct {
		headers map[string]string
		code    string
		limited bool
		want    time.Time
	}{
		"nothing":                   {nil, "", true, time.Time{}},
		"seconds":                   {map[string]string{"Retry-After": "7"}, "", true, at(7)},
		"seconds, not limited":      {map[string]string{"Retry-After": "7"}, "", false, at(7)},
		"date":                      {map[string]string{"Retry-After": date(90)}, "", false, at(90)},
		"date by another clock":     {map[string]string{"Retry-After": date(1090), "Date": date(1000)}, "", false, at(90)},
		"not a time":                {map[string]string{"Retry-After": "soon"}, "", true, time.Time{}},
		"negative":                  {map[string]string{"Retry-After": "-1"}, "", true, time.Time{}},
		"reset":                     {map[string]string{"X-RateLimit-Reset": reset(600)}, "", true, at(600)},
		"reset by another clock":    {map[string]string{"X-RateLimit-Reset": reset(-400), "Date": date(-1000)}, "", true, at(600)},
		"reset, not limited":        {map[string]string{"X-RateLimit-Reset": reset(600)}, "", false, time.Time{}},
		"reset, zero":               {map[string]string{"X-RateLimit-Reset": "0"}, "", true, time.Time{}},
		"reset, not a number":       {map[string]string{"X-RateLimit-Reset": "noon"}, "", true, time.Time{}},
		"Retry-After before reset":  {map[string]string{"Retry-After": "7", "X-RateLimit-Reset": reset(600)}, "", true, at(7)},
		"bad Retry-After, reset":    {map[string]string{"Retry-After": "soon", "X-RateLimit-Reset": reset(600)}, "", true, at(600)},
		"burst spent, before reset": {map[string]string{"X-BurstLimit-Remaining": "0", "X-RateLimit-Reset": reset(600)}, "", true, at(30)},
		"burst left":                {map[string]string{"X-BurstLimit-Remaining": "1", "X-RateLimit-Reset": reset(600)}, "", true, at(600)},
		"burst by its code":         {map[string]string{"X-RateLimit-Reset": reset(600)}, "BURST_APIINVOCATION_LIMIT_EXCEEDED", true, at(30)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := retryAt(response(429, test.headers).Header, test.code, test.limited, at(0))
			if !got.Equal(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func FuzzAnswerError(f *testing.F) {
	f.Add(`{"errorCode":"A","message":"b"}`, "1")
	f.Add(`{"error":"a b"}`, "Fri, 02 Jan 2026 03:04:05 GMT")
	f.Add("<html>\x00", "99999999999999999999")
	f.Fuzz(func(t *testing.T, body, after string) {
		const secret = "canary-secret"
		e := answerError(response(429, map[string]string{"Retry-After": after}), body+secret, secret)
		if len(e.Body) > maxErrorBody {
			t.Fatalf("%d bytes of body", len(e.Body))
		}
		for _, r := range e.Error() {
			if r < ' ' || r == 0x7f || r == 0x9b {
				t.Fatalf("a control character in %q", e.Error())
			}
		}
		if strings.Contains(fmt.Sprintf("%+v %s", e, e.Body), secret) {
			t.Fatal("the secret is shown")
		}
	})
}
