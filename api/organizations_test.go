package api

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOrganizations(t *testing.T) { eachStream(t, testOrganizations) }

func testOrganizations(t *testing.T, s under) {
	tests := map[string]struct {
		body string
		want []Organization
	}{
		"documented": {`{"sub":"u","name":"n","accounts":[{"account_id":"a1","is_default":true,"account_name":"One","base_uri":"https://x","organization":{"organization_id":"o1","links":[{"rel":"self","href":"h"}]}}]}`,
			[]Organization{{ID: "o1", Accounts: []Account{{ID: "a1", Name: "One", Default: true}}}}},
		"several": {`{"sub":"u","accounts":[{"account_id":"a1","organization":{"organization_id":"o2"}},{"account_id":"a2","organization":{"organization_id":"o1"}},{"account_id":"a3","organization":{"organization_id":"o2"}}]}`,
			[]Organization{{ID: "o2", Accounts: []Account{{ID: "a1"}, {ID: "a3"}}}, {ID: "o1", Accounts: []Account{{ID: "a2"}}}}},
		"accounts without one": {`{"sub":"u","accounts":[{"account_id":"a1"},{"account_id":"a2","organization":null},{"organization":{"organization_id":""}}]}`, nil},
		"no accounts":          {`{"sub":"u"}`, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t, answer(200, test.body))
			c, _ := f.client(t)
			got, err := c.Organizations(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("organizations (-want +got):\n%s", diff)
			}
			r := f.requests[0]
			if r.URL.Path != "/oauth/userinfo" || r.Header.Get("Authorization") != "Bearer token-1" {
				t.Errorf("asked for %s with %q", r.URL.Path, r.Header.Get("Authorization"))
			}
		})
	}
}

func TestOrganizationsErrors(t *testing.T) { eachStream(t, testOrganizationsErrors) }

func testOrganizationsErrors(t *testing.T, s under) {
	tests := map[string]struct {
		answers []http.HandlerFunc
		want    error
		waits   int
	}{
		"401":        {[]http.HandlerFunc{answer(401, "")}, ErrUnauthorized, 0},
		"429":        {[]http.HandlerFunc{answer(429, ""), answer(200, `{"sub":"u"}`)}, nil, 1},
		"ends early": {[]http.HandlerFunc{answer(200, `{"sub":`), answer(200, `{"sub":"u"}`)}, nil, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t, test.answers...)
			c, waits := f.client(t)
			if _, err := c.Organizations(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			if got := len(waits.list()); got != test.waits {
				t.Errorf("%d waits, want %d", got, test.waits)
			}
		})
	}
	c, err := New(Environment{DatasetURL: "https://host"}, failingSource{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Organizations(t.Context()); err == nil || errors.Is(err, errNoToken) {
		t.Errorf("without an auth URL: %v", err)
	}
}
