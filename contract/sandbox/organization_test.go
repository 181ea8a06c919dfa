package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

// loginAs is an access token of a user, by the place in the list.
func loginAs(t *testing.T, s *sandbox.Server, user int) string {
	t.Helper()
	c := claims(s, time.Now(), jwt.MapClaims{"sub": s.CredentialsOf(user).UserID})
	return tokenOf(t, exchange(t, s, sign(t, jwt.SigningMethodRS256, s.Credentials().PrivateKey, c)))
}

func organizationPath(id string) string { return "/v1/organizations/" + id + "/stream" }

// drainOrganization reads the organization stream to its fixed point, and returns the events and the last cursor.
func drainOrganization(t *testing.T, s *sandbox.Server, token, id string) (events []string, end string) {
	t.Helper()
	query := "?limit=7"
	for {
		a := get(t, s, token, organizationPath(id)+query)
		var p struct {
			EndCursor  string
			ResultData []json.RawMessage
			Data       json.RawMessage
		}
		if err := json.Unmarshal([]byte(a.Body), &p); err != nil || a.Status != http.StatusOK || p.Data != nil {
			t.Fatalf("%d %v: %.300s", a.Status, err, a.Body)
		}
		events = append(events, texts(p.ResultData)...)
		if p.EndCursor == end {
			return events, end
		}
		end = p.EndCursor
		query = "?limit=7&cursor=" + url.QueryEscape(end)
	}
}

func TestStreamsShareTheLog(t *testing.T) {
	s := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(50, 3)})
	token := loginAs(t, s, 0)
	if err := s.Append([]byte(`{ "n":12345678901234567890 , "x":2.50 }`)); err != nil {
		t.Fatal(err)
	}
	id := s.Credentials().OrganizationID
	got, _ := drainOrganization(t, s, token, id)
	if diff := cmp.Diff(held(s), got); diff != "" {
		t.Errorf("organization stream (-held +got):\n%s", diff)
	}
	if diff := cmp.Diff(got, drain(t, s, token, "", "9")); diff != "" {
		t.Errorf("the streams differ (-organization +dataset):\n%s", diff)
	}
	if upper, _ := drainOrganization(t, s, token, strings.ToUpper(id)); len(upper) != len(got) {
		t.Errorf("a GUID in capitals gives %d events", len(upper))
	}
}

// A cursor belongs to one stream of one organization.
func TestCursorsOfAnotherStream(t *testing.T) {
	const one, other = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
	s := sandbox.Start(t, sandbox.Config{
		Events:        sandbox.Raw([]byte(`{"a":1}`), []byte(`{"a":2}`)),
		Organizations: []sandbox.Organization{{ID: one}, {ID: other, Events: sandbox.Raw([]byte(`{"a":1}`), []byte(`{"a":2}`))}},
		Users:         []sandbox.User{{}, {Organizations: []string{one, other}}},
	})
	token, both := loginAs(t, s, 0), loginAs(t, s, 1)
	_, ofOne := drainOrganization(t, s, both, one)
	_, ofOther := drainOrganization(t, s, both, other)
	ofDataset := stream(t, s, token, "").EndCursor

	for _, stream := range []struct{ path, token, own string }{
		{streamPath, token, ofDataset},
		{organizationPath(one), both, ofOne},
		{organizationPath(other), both, ofOther},
	} {
		for _, cursor := range []string{ofDataset, ofOne, ofOther} {
			want := http.StatusBadRequest
			if cursor == stream.own {
				want = http.StatusOK
			}
			if a := get(t, s, stream.token, stream.path+"?cursor="+url.QueryEscape(cursor)); a.Status != want {
				t.Errorf("%s with %s: %d, want %d", stream.path, cursor, a.Status, want)
			}
		}
	}
}

// Who may read what: the user's role, the organization's entitlement, and on the dataset stream that there is but one.
func TestAccess(t *testing.T) {
	const (
		first  = "aaaaaaaa-0000-4000-8000-000000000001"
		second = "aaaaaaaa-0000-4000-8000-000000000002"
		bare   = "aaaaaaaa-0000-4000-8000-000000000003"
		nobody = "aaaaaaaa-0000-4000-8000-000000000004"
	)
	s := sandbox.Start(t, sandbox.Config{
		Organizations: []sandbox.Organization{{ID: first}, {ID: second}, {ID: bare, NotEntitled: true}},
		Users: []sandbox.User{
			{Name: "Admin"},
			{Name: "Reports", Role: sandbox.SecurityReports},
			{Name: "Nobody", Role: sandbox.NoRole},
			{Name: "Both", Organizations: []string{first, second}},
			{Name: "Unentitled", Organizations: []string{bare}},
			{Name: "Homeless", Organizations: []string{}},
		},
	})
	const (
		ok       = "200"
		empty    = "403 "
		notAdmin = `403 {"error":"User is not an administrator of the organization"}`
		notBuilt = `403 {"error":"Organization does not have Monitor entitlement"}`
		missing  = `404 {"errorCode":"NOT_FOUND","message":"There is no such organization."}`
	)
	for user, want := range [][]string{
		// dataset, first, second, bare, nobody
		{ok, ok, notAdmin, notBuilt, missing},
		{ok, ok, notAdmin, notBuilt, missing},
		{empty, notAdmin, notAdmin, notBuilt, missing},
		{empty, ok, ok, notBuilt, missing},
		{empty, notAdmin, notAdmin, notBuilt, missing},
		{empty, notAdmin, notAdmin, notBuilt, missing},
	} {
		token := loginAs(t, s, user)
		var got []string
		for _, target := range []string{streamPath, organizationPath(first), organizationPath(second), organizationPath(bare), organizationPath(nobody)} {
			a := get(t, s, token, target)
			switch {
			case a.Header.Get("X-DocuSign-TraceToken") == "":
				t.Errorf("user %d, %s: no trace token", user, target)
			case a.Status == http.StatusOK:
				got = append(got, ok)
			case a.Status == http.StatusForbidden && a.Body == "":
				got = append(got, empty)
			default:
				got = append(got, fmt.Sprint(a.Status, " ", strings.TrimSpace(a.Body)))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("user %d (-want +got):\n%s", user, diff)
		}
	}
}

func TestOrganizationStreamRefuses(t *testing.T) {
	s := sandbox.Start(t, sandbox.Config{})
	token := loginAs(t, s, 0)
	id := s.Credentials().OrganizationID
	for target, want := range map[string]int{
		organizationPath("acme"):                          400,
		organizationPath("urn:uuid:" + id):                400,
		organizationPath(strings.ReplaceAll(id, "-", "")): 400,
		organizationPath(id) + "?limit=0":                 400,
		organizationPath(id) + "?limit=2001":              400,
		organizationPath(id) + "?limit=many":              400,
		organizationPath(id) + "?cursor=yesterday":        400,
		organizationPath(id) + "?cursor=%zz":              400,
		organizationPath(id) + "/":                        404,
		"/v1/organizations//stream":                       404,
		"/v1/organizations/stream":                        404,
		"/v1/organizations/" + id:                         404,
	} {
		if a := get(t, s, token, target); a.Status != want {
			t.Errorf("%s: %d, want %d", target, a.Status, want)
		}
		if a := get(t, s, "", target); want == 400 && a.Status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d, want 401", target, a.Status)
		}
	}
	if got := s.Requests()[0].Operation; got != "createToken" {
		t.Errorf("the first request is %q", got)
	}
	if !slices.ContainsFunc(s.Requests(), func(r sandbox.Request) bool { return r.Operation == "getStream" && strings.HasPrefix(r.Path, "/v1/") }) {
		t.Error("requests of the organization stream are not noted as its operation")
	}
}

func TestAppendTo(t *testing.T) {
	const one, other = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
	s := sandbox.Start(t, sandbox.Config{
		Events:        sandbox.Raw(),
		Organizations: []sandbox.Organization{{ID: one}, {ID: other, Events: sandbox.Raw()}},
	})
	if err := s.AppendTo(strings.ToUpper(other), []byte(`{"to":"other"}`)); err != nil {
		t.Fatal(err)
	}
	if err := s.AppendTo("aaaaaaaa-0000-4000-8000-000000000003", []byte(`{}`)); err == nil {
		t.Error("an organization that does not exist takes events")
	}
	if got := texts(slices.Collect(s.EventsOf(other))); !slices.Equal(got, []string{`{"to":"other"}`}) || s.Len() != 0 {
		t.Errorf("the other holds %q, the first %d", got, s.Len())
	}
}

// userinfo names the organizations, and none to a user who has none.
func TestUserInfoOrganizations(t *testing.T) {
	const one, other = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
	s := sandbox.Start(t, sandbox.Config{
		Organizations: []sandbox.Organization{{ID: one}, {ID: other}},
		Users:         []sandbox.User{{Organizations: []string{other, one}}, {Organizations: []string{}}},
	})
	for user, want := range [][]string{{other, one}, {""}} {
		var info struct {
			Accounts []struct {
				Default      bool `json:"is_default"`
				Organization struct {
					ID string `json:"organization_id"`
				}
			}
		}
		if err := json.Unmarshal([]byte(get(t, s, loginAs(t, s, user), "/oauth/userinfo").Body), &info); err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, account := range info.Accounts {
			if account.Default != (i == 0) {
				t.Errorf("user %d: default is account %d", user, i)
			}
			got = append(got, account.Organization.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("user %d (-want +got):\n%s", user, diff)
		}
	}
}
