package sandbox_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

// accepting asks for something with a token and these Accept-Encoding headers.
func accepting(t *testing.T, s *sandbox.Server, token, target string, accept ...string) answer {
	t.Helper()
	r := newRequest(t, s.URL()+target)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header["Accept-Encoding"] = accept
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

func TestGzip(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: sandbox.Generate(50, 1)})
	plain := accepting(t, s, token, streamPath)
	for _, test := range []struct {
		target string
		accept []string
		zipped bool
	}{
		{streamPath, []string{"gzip"}, true},
		{streamPath, []string{"br, GZip ;q=0.2"}, true},
		{streamPath, []string{"br", "x-gzip"}, true},
		{streamPath, []string{"*"}, true},
		{organizationPath(s.Credentials().OrganizationID), []string{"gzip"}, true},
		{streamPath, nil, false},
		{streamPath, []string{"identity"}, false},
		{streamPath, []string{"*;q=1, gzip;q=0"}, false},
		{streamPath, []string{"gzip;q=none"}, false},
		{streamPath, []string{""}, false},
		{streamPath + "?limit=0", []string{"gzip"}, false}, // an error
		{"/oauth/userinfo", []string{"gzip"}, false},
	} {
		got := accepting(t, s, token, test.target, test.accept...)
		if zipped := got.Header.Get("Content-Encoding") == "gzip"; zipped != test.zipped {
			t.Errorf("%s, accepting %q: Content-Encoding %q", test.target, test.accept, got.Header.Get("Content-Encoding"))
		}
		if length := got.Header.Get("Content-Length"); length != strconv.Itoa(len(got.Body)) {
			t.Errorf("%s, accepting %q: Content-Length %s of %d", test.target, test.accept, length, len(got.Body))
		}
		if varies := got.Header.Get("Vary") == "Accept-Encoding"; varies == strings.HasPrefix(test.target, "/oauth") {
			t.Errorf("%s: Vary %q", test.target, got.Header.Values("Vary"))
		}
		if test.zipped && test.target == streamPath {
			if diff := cmp.Diff(plain.Body, unzipped(t, got.Body)); diff != "" {
				t.Errorf("the page (-plain +gzip):\n%s", diff)
			}
		}
	}
}

func unzipped(t *testing.T, body string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A fault happens to the bytes that travel: half of a compressed page is no page.
func TestFaultsOfGzip(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: sandbox.Generate(50, 1), Faults: sandbox.Faults{2: sandbox.CutBody}})
	whole := accepting(t, s, token, streamPath, "gzip")
	if cut := accepting(t, s, token, streamPath, "gzip"); cut.Body != whole.Body[:len(whole.Body)/2] {
		t.Errorf("%d bytes of %d", len(cut.Body), len(whole.Body))
	}
}
