package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

// quotas is what an answer says of the limits, in one line.
func quotas(a answer) string {
	text := fmt.Sprint(a.Status)
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-BurstLimit-Limit", "X-BurstLimit-Remaining"} {
		if value := a.Header.Get(name); value != "" {
			text += " " + value
		}
	}
	return text
}

func TestLimits(t *testing.T) {
	s, c, token := startWith(t, sandbox.Config{Events: numbered(1), Limits: sandbox.Limits{Hourly: 5, Burst: 2, UserInfo: 1}})
	organization := organizationPath(s.Credentials().OrganizationID)
	ask := func(target string) string { return quotas(get(t, s, token, target)) }

	got := []string{
		ask(streamPath), ask(organization), ask(streamPath), // both streams, one quota; the third is one too many
		ask("/oauth/userinfo"), ask("/oauth/userinfo"),
	}
	c.Advance(30 * time.Second)
	got = append(got, ask(streamPath), ask(streamPath+"?limit=0"), ask(streamPath))
	c.Advance(time.Hour)
	got = append(got, ask(streamPath), ask("/oauth/userinfo"))
	want := []string{
		"200 5 4 2 1", "200 5 3 2 0", "429 5 2 2 0",
		"200 1 0", "429 1 0",
		"200 5 1 2 1", "400 5 0 2 0", "429 5 0", // the hour is used up before the half of a minute is looked at
		"200 5 4 2 1", "200 1 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}

	reset := get(t, s, token, streamPath).Header.Get("X-RateLimit-Reset")
	if want := fmt.Sprint(c.Now().Truncate(time.Hour).Add(time.Hour).Unix()); reset != want {
		t.Errorf("the quota begins anew at %s, want the top of the hour, %s", reset, want)
	}
	if a := get(t, s, "unknown", streamPath); a.Status != http.StatusUnauthorized || a.Header.Get("X-RateLimit-Limit") != "" {
		t.Errorf("a stranger is counted: %d %v", a.Status, a.Header)
	}
}

// Without limits there is no header of them, and an organization's quota is its own.
func TestLimitsAreApart(t *testing.T) {
	free, _, token := startWith(t, sandbox.Config{Events: numbered(1)})
	if got := quotas(get(t, free, token, streamPath)); got != "200" {
		t.Errorf("without limits: %s", got)
	}
	const one, other = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
	s := sandbox.Start(t, sandbox.Config{
		Limits:        sandbox.Limits{Hourly: 1},
		Organizations: []sandbox.Organization{{ID: one}, {ID: other}},
		Users:         []sandbox.User{{}, {Organizations: []string{other}}},
	})
	for user := range 2 {
		if got := quotas(get(t, s, loginAs(t, s, user), streamPath)); got != "200 1 0" {
			t.Errorf("user %d: %s", user, got)
		}
	}
}

// On the organization stream it is the organization in the path whose quota is used, whoever of its users asks.
func TestLimitOfTheOrganizationAsked(t *testing.T) {
	const one, other = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
	s := sandbox.Start(t, sandbox.Config{
		Limits:        sandbox.Limits{Hourly: 2},
		Organizations: []sandbox.Organization{{ID: one}, {ID: other}},
		Users:         []sandbox.User{{Organizations: []string{one, other}}, {Organizations: []string{other}}},
	})
	both, single := loginAs(t, s, 0), loginAs(t, s, 1)
	for _, step := range []struct{ token, path, want string }{
		{both, organizationPath(strings.ToUpper(other)), "200 2 1"},
		{single, organizationPath(other), "200 2 0"},
		{both, organizationPath(other), "429 2 0"},
		{single, streamPath, "429 2 0"}, // its own organization, on the stream that does not name it
		{both, organizationPath(one), "200 2 1"},
	} {
		if got := quotas(get(t, s, step.token, step.path)); got != step.want {
			t.Errorf("%s: %s, want %s", step.path, got, step.want)
		}
	}
}
