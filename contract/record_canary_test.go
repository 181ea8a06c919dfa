package contract_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// canaries are what must not be in a recording. They stand in it nowhere but where the tests put them.
var canaries = map[string]string{
	"token":       "canary-token-0f3a9c5e7b1d2846",
	"assertion":   "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJjYW5hcnkifQ.canary-signature",
	"e-mail":      "Canary.Bird@example.com",
	"user":        "ca9a47e0-1111-4222-8333-0123456789ab",
	"masked user": "canary~user~17",
	"name":        "Käthe Kanarienvogel",
	"address":     "203.0.113.77",
	"IPv6":        "2001:db8:ca:9a47::17",
	"key":         "ca9a47e0-5555-4666-8777-0123456789ab",
	"phone":       "+41 79 555 01 77",
}

// writings are the ways in which a text may be written.
func writings(text string) map[string]string {
	escaped, percented, letters := "", "", []string{}
	for _, r := range text {
		letters = append(letters, string(r))
	}
	for _, u := range []byte(text) {
		percented += fmt.Sprintf("%%%02x", u)
	}
	for _, r := range text {
		escaped += fmt.Sprintf(`\u%04x`, r)
	}
	array, _ := json.Marshal(letters)
	all := map[string]string{
		"as it is": text, "in small letters": strings.ToLower(text), "in capitals": strings.ToUpper(text),
		"escaped": escaped, "half escaped": strings.NewReplacer("@", `\u0040`, "-", `\u002d`, "a", `\u0061`).Replace(text),
		"twice escaped": strings.ReplaceAll(escaped, `\`, `\\`),
		"in a query":    url.QueryEscape(text), "in percents": percented, "in percents twice": url.QueryEscape(percented),
		"in hex": hex.EncodeToString([]byte(text)), "letter by letter": string(array),
	}
	for skip := range 3 { // within something longer
		all[fmt.Sprintf("in base64, %d", skip)] = base64.StdEncoding.EncodeToString([]byte("id="[:skip] + text))
		all[fmt.Sprintf("in base64 of URLs, %d", skip)] = base64.RawURLEncoding.EncodeToString([]byte("id="[:skip] + text + "."))
	}
	return all
}

// leaks are the canaries that a text shows in any writing.
func leaks(text string) (found []string) {
	for kind, canary := range canaries {
		for how, written := range writings(canary) {
			if kind == "name" && how == "in capitals" {
				continue // ä is not folded
			}
			core := written
			if strings.HasPrefix(how, "in base64") { // without what depends on what stands around
				core = strings.TrimRight(written, "=")[4 : len(strings.TrimRight(written, "="))-3]
			}
			inLine, _ := json.Marshal(core) // the body is a text within the line
			if strings.Contains(text, core) || strings.Contains(text, strings.Trim(string(inLine), `"`)) {
				found = append(found, kind+" "+how)
			}
		}
	}
	slices.Sort(found)
	return found
}

// planted is a tape with each canary in each writing in each place that an exchange has.
func planted() *tape {
	t := &tape{user: canaries["user"], organization: canaries["key"]}
	add := func(method, target, body, answer string, header http.Header) {
		e := recorded{Clause: "SRV-PAGE-1", Trial: "dataset", Method: method, URL: target, Body: body, Header: http.Header{}}
		e.Header.Set("Authorization", "Bearer "+canaries["token"])
		e.Answer.Status, e.Answer.Header, e.Answer.Body = 200, header, blob(answer)
		t.exchanges = append(t.exchanges, e)
	}
	add("POST", "/oauth/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {canaries["assertion"]}}.Encode(),
		`{"access_token":"`+canaries["token"]+`","token_type":"Bearer","expires_in":3600}`, nil)
	add("GET", "/oauth/userinfo", "", fmt.Sprintf(`{"sub":%q,"name":%q,"email":%q,"phone":%q}`,
		canaries["user"], canaries["name"], canaries["e-mail"], canaries["phone"]), nil)
	add("GET", datasetPath, "", fmt.Sprintf(`{"endCursor":"c","data":[{"userId":%q,"ipAddress":%q,"data":{"SignerIp":%q,"ActorId":%q,"n":41795550177}}]}`,
		canaries["masked user"], canaries["address"], canaries["IPv6"], canaries["key"]), nil)
	for _, canary := range canaries {
		for _, written := range writings(canary) {
			value := `"` + written + `"`
			if strings.HasPrefix(written, "[") {
				value = written
			} else if !json.Valid([]byte(value)) {
				value = `"x"`
			}
			add("GET", datasetPath+"?limit=5&cursor="+url.QueryEscape(written), "", fmt.Sprintf(
				`{"endCursor":%s,"data":[{"unknown":%s,"action":%s,"text":"before %s after","data":{"X":[%s],%s:1}}]}`,
				value, value, value, strings.Trim(value, `"[]`), value, strings.ReplaceAll(value, ",", "")), http.Header{
				"X-Docusign-Tracetoken": {written}, "Set-Cookie": {"s=" + written}, "Www-Authenticate": {"Bearer realm=" + strings.Trim(value, `"`)},
			})
			add("GET", "/v1/organizations/"+url.PathEscape(strings.Trim(value, `"`))+"/stream?x="+url.QueryEscape(written), "",
				fmt.Sprintf(`{"error":%s,"message":"%s is not known"}`, value, strings.Trim(strings.ReplaceAll(value, `"`, ""), "[]")), nil)
			add("GET", datasetPath, "", "<html>"+written+"</html>", nil)
			add("GET", datasetPath, "", `{"endCursor":"`+written, nil)
			add("GET", datasetPath, "", `{} `+written+"\xff", nil)
		}
	}
	return t
}

func TestRecordingHoldsNoSecret(t *testing.T) {
	whole := planted()
	var before strings.Builder
	for _, e := range whole.exchanges {
		before.WriteString(e.URL + "\n" + string(e.Answer.Body) + "\n")
	}
	if found := leaks(before.String()); len(found) < len(canaries)*10 {
		t.Fatalf("%d canaries are planted, so that nothing is proved: %q", len(found), found)
	}
	text, err := whole.text(recording{Organization: "tried"})
	if err != nil {
		t.Fatal(err)
	}
	if found := leaks(string(text)); len(found) > 0 {
		t.Errorf("%d canaries are in the recording: %q", len(found), found)
	}
	for line := range strings.Lines(string(text)) { // what stands in base64, since it is not UTF-8
		var e struct {
			Answer struct{ Body blob }
		}
		if json.Unmarshal([]byte(line), &e) == nil && len(leaks(string(e.Answer.Body))) > 0 {
			t.Errorf("a body holds %q", leaks(string(e.Answer.Body)))
		}
	}
}

// The search is one that finds: the same exchanges, written without the scrubber, hold every canary.
func TestCanariesAreFound(t *testing.T) {
	for _, e := range planted().exchanges {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if plain := e.URL + e.Header.Get("Authorization") + fmt.Sprint(e.Answer.Header) + string(e.Answer.Body); len(leaks(plain)) > 0 && len(leaks(string(line))) == 0 {
			t.Errorf("no canary is found in %s", line)
		}
	}
}

// A recording that would hold a secret is not written, whatever the scrubber makes of it.
func TestSecretsEndRecording(t *testing.T) {
	e := recorded{Clause: "SRV-PAGE-1", Trial: canaries["token"]}
	made := &tape{exchanges: []recorded{e}, secrets: []string{canaries["token"]}}
	if text, err := made.text(recording{}); err == nil {
		t.Errorf("%d bytes are written, and no error is told", len(text))
	}
}

// What decides a verdict is as it was, and what is equal stays equal.
func TestScrubKeepsWhatDecides(t *testing.T) {
	tests := []struct{ name, body, form string }{
		{"white space, order, names twice", "{ \"b1\" : \"xy\",\t\"error\":\"Yq3\", \"b1\":null }", `^\{ "([a-z]\d)" : "[a-z]{2}",\t"error":"[A-Z][a-z]\d", "[a-z]\d":null \}$`},
		{"numbers", `{"n":98765432109876543210,"m":2.50,"e":-1.5E+400,"z":0,"expires_in":3599}`, `^\{"n":1{9}[01]1{9}0,"m":1\.10,"e":-1\.1E\+400,"z":0,"expires_in":3599\}$`},
		{"bytes behind", `{"endCursor":"c"} {}x1`, `^\{"endCursor":"x"\} \{\}x0$`},
		{"a body cut off", `{"data":[{"eventId":"ab`, `^\{"data":\[\{"eventId":"xx$`},
		{"not UTF-8", "{\"a\":\"b\xff\"}", `^\{"a":"[a-z]\?"\}$`},
		{"letters one by one", `{"data":{"SignerIp":["1","9","."]}}`, `^\{"data":\{"SignerIp":\["0","0","\."\]\}\}$`},
		{"the words of the platform", `{"object":"Envelope","timestamp":"2026-01-02T03:04:05.1234567Z","token_type":"Bearer","error":"invalid_grant"}`,
			`^\{"object":"Envelope","timestamp":"2026-01-02T03:04:05.1234567Z","token_type":"Bearer","error":"invalid_grant"\}$`},
		{"others among them", `{"message":"The access token of Käthe is expired"}`, `^\{"message":"The access token of [A-Z]é[a-z]{3} is expired"\}$`},
		{"a cursor of the known form", `{"endCursor":"aa_638400000000000000_638400000000000000_12"}`, `^\{"endCursor":"aa_638400000000000000_638400000000000000_12"\}$`},
		{"any other cursor", `{"endCursor":"eyJ1c2VyIjoxfQ=="}`, `^\{"endCursor":"[a-z]{2}[A-Z]\d[a-z]\d[A-Z][a-z][A-Z][a-z]{2}[a-z][a-z][A-Z]=="\}$`},
		{"a token", `{"access_token":"ABCDEFGH2"}`, `^\{"access_token":"replaced-[a-z]{8}\d"\}$`},
		{"a GUID", `{"eventId":"00000000-0000-4000-8000-00000000000A"}`, `^\{"eventId":"[0-9]{8}-[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{11}[A-F]"\}$`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScrubber()
			got := string(s.body([]byte(test.body)))
			if !regexp.MustCompile(test.form).MatchString(strings.ToValidUTF8(got, "?")) {
				t.Errorf("%q becomes %q, want %s", test.body, got, test.form)
			}
			if again := string(s.body([]byte(test.body))); again != got {
				t.Errorf("the second time it becomes %q", again)
			}
			_, before := readJSON([]byte(test.body))
			if _, after := readJSON([]byte(got)); fmt.Sprint(before != nil) != fmt.Sprint(after != nil) {
				t.Errorf("as JSON it had %v against it, and now %v", before, after)
			}
		})
	}
	const cursor = "opaque/and+long=1"
	s := newScrubber()
	var page struct{ EndCursor string }
	if err := json.Unmarshal(s.body([]byte(`{"endCursor":"`+cursor+`"}`)), &page); err != nil || page.EndCursor == cursor {
		t.Fatalf("%v, %v", page, err)
	}
	if got, want := s.url("/v1?limit=5&cursor="+url.QueryEscape(cursor)), "/v1?limit=5&cursor="+url.QueryEscape(page.EndCursor); got != want {
		t.Errorf("the URL becomes %s, want %s", got, want)
	}
}

// A recording is written whole, for its owner alone, and over nothing.
func TestRecordingIsWritten(t *testing.T) {
	name := filepath.Join(t.TempDir(), "run.ndjson")
	made, err := newTape(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.write([]byte("{}\n")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want the mode 0600", info, err)
	}
	if _, err := newTape(name); err == nil || !strings.Contains(err.Error(), "no recording is overwritten") {
		t.Errorf("over a recording: %v", err)
	}
	if err := made.write([]byte("[]\n")); err == nil || !strings.Contains(err.Error(), "no recording is overwritten") {
		t.Errorf("over a recording that has come meanwhile: %v", err)
	}
	if _, err := newTape(filepath.Join(t.TempDir(), "no", "run.ndjson")); err == nil {
		t.Error("a folder that is not there is no error")
	}
}

func TestRecordingHasBounds(t *testing.T) {
	r := &tape{}
	var big recorded
	big.Answer.Body = make(blob, mostOfTrial)
	r.keep([]recorded{big, {}})
	r.keep([]recorded{big, big})
	for range mostRecorded / mostOfTrial {
		r.keep([]recorded{big})
	}
	if len(r.exchanges) != 2+mostRecorded/mostOfTrial-1 || r.leftOut != 3 {
		t.Errorf("%d exchanges are kept and %d left out", len(r.exchanges), r.leftOut)
	}
}
