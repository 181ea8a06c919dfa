package sandbox

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The parts of a request, each by itself, so that a fuzzer comes far into them: queries, headers, bodies, what is signed,
// and the texts of flags. FuzzRequest has the request as a whole.

// serve lets a sandbox answer a request, and checks what holds for each answer.
func serve(t *testing.T, s *Server, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK && (w.Code < 400 || w.Code >= 500) {
		t.Errorf("status %d", w.Code)
	}
	if !isGUID(w.Header().Get("X-DocuSign-TraceToken")) {
		t.Error("no trace token")
	}
	if w.Header().Get("Content-Encoding") == "" && !json.Valid(w.Body.Bytes()) {
		t.Errorf("body %q", w.Body)
	}
	return w
}

// odd is a sandbox that assumes otherwise wherever a query is read.
var odd = Assumptions{
	DatesByEventTime: true, DateReach: time.Hour, ClampLimit: true, OrganizationLimit: 7, ArbitraryCursors: true, SharedCursors: true,
	BadCursorRestarts: true, CursorLifetime: time.Hour, HeadCursor: CursorMoves, EqualCursorOnce: true, EmptyPageEvery: 3,
	ShortPages: []int{5, 1}, NullArray: true, RepeatAtBorders: true, Retention: 48 * time.Hour, HeadInterval: time.Second,
}

// FuzzQuery: whatever the query of a stream says, the answer is a page within the limit or a refusal.
func FuzzQuery(f *testing.F) {
	var servers []*Server
	for _, assume := range []Assumptions{{}, odd} {
		s, err := New(Config{Events: Generate(50, 1), Assumptions: assume, Clock: func() time.Time { return noon }})
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(s.Close)
		servers = append(servers, s)
	}
	tokens := []string{servers[0].AuthorizationCodeToken(0), servers[1].AuthorizationCodeToken(0)}
	v := servers[0].tenants[0].log.view()
	for _, query := range []string{
		"", "limit=1", "limit=2000", "limit=2001", "limit=-0", "limit=+1", "limit=01", "limit=1e3", "limit=0x10", "limit=9223372036854775808",
		"limit=1&limit=2", "limit=1;limit=2", "limit=%31", "limit=%EF%BC%91", "limit", "LIMIT=0", "limit.x=1", "limit[]=1", "%6cimit=5",
		"cursor=2026-02-01", "cursor=2026-02-01T00:00:00Z&limit=3", "cursor=2026-02-01T24:00:00Z", "cursor=2026-02-01 00:00:00", "cursor=9999-12-31",
		"cursor=0001-01-01T00:00:00-23:59", "cursor=" + v.cursor(0), "cursor=" + v.cursor(25), "cursor=" + v.cursor(50) + "&cursor=", "cursor=%00",
		"cursor=" + url.QueryEscape(disguise), "cursor=%2", "cursor=" + strings.Repeat("_", 9000), "cursor=aa__", "x=1&&y", "=", "%", "?", "#",
	} {
		for server := range servers {
			f.Add(query, server == 1, server == 1)
		}
	}
	f.Fuzz(func(t *testing.T, query string, assumeOdd, ofOrganization bool) {
		s, token, path, array := servers[0], tokens[0], "/api/v2.0/datasets/monitor/stream", "data"
		if assumeOdd {
			s, token = servers[1], tokens[1]
		}
		if ofOrganization {
			path, array = "/v1/organizations/"+organizationID+"/stream", "resultData"
		}
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.URL.RawQuery = query
		r.Header.Set("Authorization", "Bearer "+token)

		w := serve(t, s, r)

		values, err := url.ParseQuery(query)
		if w.Code != http.StatusOK {
			if w.Code != http.StatusBadRequest && !assumeOdd { // which may also say that the head is asked too often
				t.Errorf("status %d", w.Code)
			}
			if err == nil && len(values["limit"]) == 0 && !values.Has("cursor") {
				t.Errorf("status %d for a query without a parameter", w.Code)
			}
			return
		}
		if err != nil {
			t.Errorf("a query that cannot be read is taken: %v", err)
		}
		var page map[string]json.RawMessage
		var events []json.RawMessage
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(page[array], &events); err != nil || len(page) != 2 || len(page["endCursor"]) < len(`"x"`) {
			t.Fatalf("page %s, %v", w.Body, err)
		}
		if limit := values.Get("limit"); limit != "" && !assumeOdd {
			if n, err := strconv.ParseInt(limit, 10, 32); err != nil || n < 1 || n > maxLimit || int64(len(events)) > n {
				t.Errorf("%d events by the limit %q", len(events), limit)
			}
		}
	})
}

// FuzzHeaders: whatever headers say, a stream is given to who has the token, and to nobody else.
func FuzzHeaders(f *testing.F) {
	s, err := New(Config{Events: Generate(5, 1)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.Close)
	for _, authorization := range []string{
		"Bearer TOKEN", "bearer TOKEN", "BEARER  TOKEN", "Bearer\tTOKEN", "Bearer TOKEN ", "Bearer TOKEN, Bearer TOKEN", "Bearer", "Bearer ",
		"Basic TOKEN", "TOKEN", "Bearer TOKEN\x00", "Bearer TOKENx", "BearerTOKEN", `Bearer "TOKEN"`, "Bearer Bearer TOKEN", "",
	} {
		f.Add(authorization, "gzip", "*/*", "")
	}
	for _, encoding := range []string{
		"gzip;q=0", "gzip;q=0.001, *;q=0", "*", "identity", "gzip;q=x", "gzip;q=1e999", "gzip;q=NaN", ";q=", ",,,", "x-gzip", "GZIP ; Q=1", "br;q=1,gzip",
	} {
		f.Add("Bearer TOKEN", encoding, "application/json;q=0", "bytes=0-1")
	}
	token := s.AuthorizationCodeToken(0)
	f.Fuzz(func(t *testing.T, authorization, encoding, accept, span string) {
		r := httptest.NewRequest(http.MethodGet, "/api/v2.0/datasets/monitor/stream", nil)
		r.Header = http.Header{
			"Authorization":   {strings.ReplaceAll(authorization, "TOKEN", token)},
			"Accept-Encoding": {encoding}, "Accept": {accept}, "Range": {span}, "Expect": {span}, "X-Http-Method-Override": {accept},
		}

		w := serve(t, s, r)

		scheme, rest, _ := strings.Cut(authorization, " ")
		good := strings.EqualFold(scheme, "Bearer") && strings.TrimLeft(rest, " ") == "TOKEN"
		if want := map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}[good]; w.Code != want {
			t.Errorf("status %d, want %d", w.Code, want)
		}
		if coding := w.Header().Get("Content-Encoding"); coding != "" && (coding != "gzip" || encoding == "") {
			t.Errorf("it is sent as %q, asked for is %q", coding, encoding)
		}
		if w.Code != http.StatusOK && strings.Contains(w.Body.String(), token) {
			t.Error("the answer quotes the token")
		}
	})
}

// FuzzTokenBody: a body of no kind gets a token without an assertion that is signed.
func FuzzTokenBody(f *testing.F) {
	s, err := New(Config{Events: Generate(1, 1)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.Close)
	const form, grant = "application/x-www-form-urlencoded", "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
	for _, body := range []string{
		"", grant, grant + "&assertion=", grant + "&assertion=a.b.c", grant + "&assertion=e30.e30.", "grant_type&assertion", grant + ";assertion=e30.e30.e30",
		`{"grant_type":"urn:ietf:params:oauth:grant-type:jwt-bearer","assertion":"e30.e30.e30"}`, "assertion=%", "\x00", "<a/>",
		grant + "&assertion=" + strings.Repeat("A", 70_000), grant + "&" + grant + "&assertion=e30.e30.e30", "=&=&=", "assertion[]=1&grant_type[]=1",
	} {
		for _, contentType := range []string{form, form + "; charset=utf-8", "application/json", "multipart/form-data; boundary=x", "", form + ";;"} {
			f.Add(contentType, body)
		}
	}
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := httptest.NewRequest(http.MethodPost, "/oauth/token", strings.NewReader(body))
		r.Header["Content-Type"] = []string{contentType}

		w := serve(t, s, r)

		var refused struct {
			Error string `json:"error"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &refused); w.Code != http.StatusBadRequest || err != nil || refused.Error == "" {
			t.Errorf("status %d, %s", w.Code, w.Body)
		}
	})
}

// FuzzAssertion: whatever a registered key has signed, it gets a token only if it names this sandbox, the user and an hour
// at most.
func FuzzAssertion(f *testing.F) {
	s, err := New(Config{Events: Generate(1, 1), Clock: func() time.Time { return noon }})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.Close)
	who := s.Credentials()
	const header = `{"alg":"RS256","typ":"JWT"}`
	valid := fmt.Sprintf(`{"iss":"%s","sub":"%s","aud":"HOST","iat":%d,"exp":%d,"scope":"signature impersonation"}`,
		who.IntegrationKey, who.UserID, noon.Unix(), noon.Unix()+3600)
	for _, claims := range []string{
		valid, "{}", "null", "[]", `"x"`, "", "{", strings.Replace(valid, `"HOST"`, `["HOST"]`, 1), strings.Replace(valid, `"HOST"`, `["HOST","HOST"]`, 1),
		strings.Replace(valid, `"exp":`, `"exp":1e300,"x":`, 1), strings.Replace(valid, `"exp":`, `"exp":-1,"exp":`, 1),
		strings.Replace(valid, `"iat":`, `"iat":"0","x":`, 1), strings.Replace(valid, `"iat":`, `"nbf":99999999999999999999,"iat":`, 1),
		strings.Replace(valid, `"signature impersonation"`, `["signature","impersonation"]`, 1), strings.Replace(valid, `"sub":`, `"sub":{"a":1},"x":`, 1),
		strings.Replace(valid, `"iss":`, `"iss":7,"x":`, 1), `{"iss":"` + who.IntegrationKey + `","a":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}",
	} {
		f.Add(header, claims)
	}
	for _, head := range []string{
		`{"alg":"none"}`, `{"alg":"HS256"}`, `{"alg":"RS512"}`, `{"alg":["RS256"]}`, `{"alg":"RS256","crit":["x"]}`, `{"alg":"RS256","alg":"none"}`, "{}", "null", "",
	} {
		f.Add(head, valid)
	}
	f.Fuzz(func(t *testing.T, head, claims string) {
		claims = strings.ReplaceAll(claims, "HOST", s.host)
		signed := base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
		digest := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(rand.Reader, who.PrivateKey, crypto.SHA256, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"},
			"assertion":  {signed + "." + base64.RawURLEncoding.EncodeToString(signature)},
		}
		r := httptest.NewRequest(http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")

		w := serve(t, s, r)

		if w.Code != http.StatusOK {
			if w.Code != http.StatusBadRequest {
				t.Errorf("status %d", w.Code)
			}
			return
		}
		for _, needed := range []string{`"iat"`, `"exp"`, `"scope"`, s.host} { // escapes aside, which are mutated seldom
			if !strings.Contains(claims, needed) && !strings.Contains(claims, `\u`) {
				t.Errorf("a token without %s: %s", needed, claims)
			}
		}
		if !strings.Contains(head, "RS256") && !strings.Contains(head, `\u`) {
			t.Errorf("a token by the header %s", head)
		}
	})
}

// FuzzFlags: a text that is taken for faults or assumptions makes a sandbox; any other is refused in one line.
func FuzzFlags(f *testing.F) {
	for _, text := range []string{
		"", "3=throttle:30s,5-8=reset,token:2=html,10-200/10=truncated", "1=short:0", "1=slow:-1s", "userinfo:1=empty", "1=redirect:", "0=reset",
		"9999999999=reset", "1-999999999=reset", "1-2147483647/2147483647=reset", "=,=", "1=throttle:9223372036854775807ns", "a:1=reset",
		"HeadCursor=CursorMovesOnce,DateReach=168h,ClampLimit,ShortPages=5/1/3", "Lag=0", "Site=\x00", "ShortPages=", "DatasetGone=404", "ErrorBody=",
		"OrganizationLimit=2147483647", "Retention=-1ns", "EmptyPageEvery=1", "1=throttle\n2=reset",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		faults, badFaults := ParseFaults(text)
		assume, badAssumptions := ParseAssumptions(text)
		for _, err := range []error{badFaults, badAssumptions} {
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
		}
		if badFaults == nil && badAssumptions == nil && strings.TrimSpace(text) != "" {
			t.Errorf("%q is taken for faults and for assumptions", text)
		}
		cfg := Config{}
		if badFaults == nil {
			cfg.Faults = faults
		}
		if badAssumptions == nil {
			cfg.Assumptions = assume
		}
		if _, err := cfg.withDefaults(); err != nil {
			t.Errorf("%q is taken, and makes no sandbox: %v", text, err)
		}
		for ordinal := range cfg.Faults {
			if again, err := ParseFaults(ordinal.String() + "=reset"); err != nil || !slices.Equal([]Ordinal{ordinal}, ordinalsOf(again)) {
				t.Fatalf("the ordinal %s comes back as %v, %v", ordinal, again, err)
			}
			break
		}
	})
}

func ordinalsOf(f Faults) (ordinals []Ordinal) {
	for ordinal := range f {
		ordinals = append(ordinals, ordinal)
	}
	return ordinals
}

// A made-up event is an object that a page can carry, whatever the seed, the number of events and the start.
func FuzzGenerate(f *testing.F) {
	f.Add(uint64(1), 1000, 500, noon.Unix())
	f.Add(uint64(1<<63), 10_000_000, 9_999_999, int64(0))
	f.Add(uint64(0), 1, 0, int64(-62_135_596_800+7*24*3600))
	f.Add(uint64(7), 8000, 4_000, int64(253_402_300_799))
	f.Fuzz(func(t *testing.T, seed uint64, n, i int, start int64) {
		if start < -62_135_596_800+7*24*3600 || start > 253_402_300_799 || n < 1 || i < 0 || i >= n {
			t.Skip() // years that a timestamp cannot have, and events that there are not
		}
		at := time.Unix(start, 0).UTC()
		h, err := Generate(n, seed).open(origin{start: at, organization: organizationID, account: accountID})
		if err != nil {
			t.Skip()
		}
		event := h.appendEvent(nil, i)
		if err := checkEvent(event); err != nil {
			t.Fatalf("%v: %s", err, event)
		}
		happened, ok := timestampOf(event)
		if !ok || !happened.Equal(h.happened(i)) || happened.After(h.ingested(i)) || h.ingested(i).After(at) {
			t.Errorf("it happened at %v, %v, and was ingested at %v", happened, h.happened(i), h.ingested(i))
		}
		if i > 0 && h.ingested(i).Before(h.ingested(i-1)) {
			t.Errorf("it was ingested before the one before it")
		}
		if !bytes.Equal(event, h.appendEvent(nil, i)) {
			t.Error("it is another one the second time")
		}
	})
}
