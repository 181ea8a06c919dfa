package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

// scenario is a sandbox under one assumption, and what is asked of it.
type scenario struct {
	*testing.T
	*sandbox.Server
	clock *sandbox.Clock
	token string
}

// ask is the status and the body of an answer, with the cursors of the stream by their positions.
func (s scenario) ask(target string) string {
	a := get(s.T, s.Server, s.token, target)
	text := fmt.Sprint(a.Status)
	if body := strings.TrimSpace(a.Body); body != "" {
		text += " " + body
	}
	return text
}

// walk follows the cursors of a stream from a query on, at a limit of 2, until one comes back unchanged, one is missing,
// or six pages have come. It tells the number of events of each page.
func (s scenario) walk(path, query string) string {
	var told []string
	for sent := ""; len(told) < 6; {
		var p struct {
			EndCursor        *string
			Data, ResultData []json.RawMessage
		}
		a := get(s.T, s.Server, s.token, path+"?limit=2&"+query)
		if a.Status != http.StatusOK {
			return strings.Join(append(told, fmt.Sprint(a.Status)), " ")
		}
		if err := json.Unmarshal([]byte(a.Body), &p); err != nil {
			s.Fatal(err)
		}
		told = append(told, fmt.Sprint(len(p.Data)+len(p.ResultData)))
		if p.EndCursor == nil || *p.EndCursor == "" {
			return strings.Join(append(told, "lost"), " ")
		}
		if *p.EndCursor == sent {
			return strings.Join(append(told, "end"), " ")
		}
		sent = *p.EndCursor
		query = "cursor=" + url.QueryEscape(sent)
	}
	return strings.Join(told, " ")
}

func (s scenario) organization() string { return organizationPath(s.Credentials().OrganizationID) }

// moved asks for the first page's cursor on one path, and for what comes after it on another.
func (s scenario) moved(from, to string, later time.Duration) string {
	cursor := strings.Split(s.ask(from+"?limit=1"), `"`)[3]
	s.clock.Advance(later)
	return s.ask(to + "?limit=1&cursor=" + url.QueryEscape(cursor))[:3]
}

// refused is the body of the answer to an assertion that is none.
func (s scenario) refused() string { return strings.TrimSpace(exchange(s.T, s.Server, "none").Body) }

// Each assumption changes what it says it changes.
func TestAssumptions(t *testing.T) {
	at := func(s scenario, d time.Duration) string {
		return "cursor=" + url.QueryEscape(s.clock.Now().Add(d).Format(time.RFC3339Nano))
	}
	stamped := func(s *sandbox.Config) {
		early, late := newClock().Now().Add(-2*time.Hour), newClock().Now().Add(-time.Hour)
		s.Events = sandbox.Raw(fmt.Appendf(nil, `{"timestamp":%q}`, early.Format(time.RFC3339)), fmt.Appendf(nil, `{"timestamp":%q}`, late.Format(time.RFC3339)))
	}
	entitled := func(c *sandbox.Config) { c.Organizations = []sandbox.Organization{{NotEntitled: true}} }
	limited := func(c *sandbox.Config) { c.Limits = sandbox.Limits{Hourly: 1} }
	made := func(c *sandbox.Config) { c.Events = sandbox.Generate(5000, 1) }
	header := func(name string) func(scenario) string {
		return func(s scenario) string {
			get(s.T, s.Server, s.token, streamPath)
			a := get(s.T, s.Server, s.token, streamPath)
			return fmt.Sprint(a.Status, " ", a.Header.Get(name))
		}
	}
	tests := map[string]struct {
		assume  sandbox.Assumptions
		config  func(*sandbox.Config)
		observe func(s scenario) string
		without string
		with    string
	}{
		"ExclusiveDates": {sandbox.Assumptions{ExclusiveDates: true}, nil,
			func(s scenario) string { return s.walk(streamPath, at(s, -time.Millisecond)) }, "2 0 end", "1 0 end"},
		"DatesByEventTime": {sandbox.Assumptions{DatesByEventTime: true}, stamped,
			func(s scenario) string { return s.walk(streamPath, at(s, -90*time.Minute)) }, "2 0 end", "1 0 end"},
		"DateReach": {sandbox.Assumptions{DateReach: 2 * time.Millisecond}, nil,
			func(s scenario) string { return s.walk(streamPath, at(s, -4*time.Millisecond)) }, "2 2 1 0 end", "2 0 end"},
		"ErrorBody": {sandbox.Assumptions{ErrorBody: sandbox.SentenceError}, nil,
			func(s scenario) string { return s.ask(streamPath + "?limit=0") },
			`400 {"errorCode":"INVALID_REQUEST_PARAMETER","message":"The limit is not between 1 and 2000."}`,
			`400 {"error":"The limit is not between 1 and 2000."}`},
		"TokenErrorBody": {sandbox.Assumptions{TokenErrorBody: sandbox.CodeAlone}, nil,
			func(s scenario) string { return s.refused() }, `{"error":"invalid_grant","error_description":"no_valid_keys_or_signatures"}`, `{"error":"invalid_grant"}`},
		"NoContentAtHead": {sandbox.Assumptions{NoContentAtHead: true}, nil,
			func(s scenario) string { return s.walk(streamPath, "") }, "2 2 1 0 end", "2 2 1 204"},
		"SwapForbidden": {sandbox.Assumptions{SwapForbidden: true}, entitled,
			func(s scenario) string { return s.ask(streamPath) + " " + s.ask(s.organization()) },
			`403 403 {"error":"Organization does not have Monitor entitlement"}`,
			`403 {"error":"Organization does not have Monitor entitlement"} 403`},
		"ClampLimit": {sandbox.Assumptions{ClampLimit: true}, nil,
			func(s scenario) string { return s.ask(streamPath + "?limit=0")[:3] }, "400", "200"},
		"OrganizationLimit": {sandbox.Assumptions{OrganizationLimit: 3}, nil,
			func(s scenario) string {
				return s.ask(s.organization() + "?limit=4")[:3] + s.ask(s.organization() + "?limit=3")[:3] + fmt.Sprint(strings.Count(s.ask(s.organization()), "eventId"))
			}, "2002005", "4002003"},
		"OrganizationDefault": {sandbox.Assumptions{OrganizationDefault: 3}, nil,
			func(s scenario) string {
				return fmt.Sprint(strings.Count(s.ask(s.organization()), "eventId"), strings.Count(s.ask(s.organization()+"?limit=4"), "eventId"), strings.Count(s.ask(streamPath), "eventId"))
			}, "5 4 5", "3 4 5"},
		"ArbitraryCursors": {sandbox.Assumptions{ArbitraryCursors: true}, nil,
			func(s scenario) string { return s.walk(streamPath, "") + s.ask(streamPath)[:20] }, `2 2 1 0 end200 {"endCursor":"aa`, `2 2 1 0 end200 {"endCursor":"c/`},
		"SharedCursors": {sandbox.Assumptions{SharedCursors: true}, nil,
			func(s scenario) string {
				return s.moved(streamPath, s.organization(), 0) + s.moved(s.organization(), streamPath, 0)
			}, "400400", "200200"},
		"BadCursorRestarts": {sandbox.Assumptions{BadCursorRestarts: true}, nil,
			func(s scenario) string { return s.walk(streamPath, "cursor=yesterday") }, "400", "2 2 1 0 end"},
		"CursorLifetime": {sandbox.Assumptions{CursorLifetime: time.Hour}, nil,
			func(s scenario) string {
				return s.moved(streamPath, streamPath, time.Hour) + s.moved(streamPath, streamPath, time.Hour+1)
			}, "200200", "200400"},
		"HeadCursor": {sandbox.Assumptions{HeadCursor: sandbox.CursorMovesOnce}, nil,
			func(s scenario) string { return s.walk(streamPath, "") }, "2 2 1 0 end", "2 2 1 0 0 end"},
		"EqualCursorOnce": {sandbox.Assumptions{EqualCursorOnce: true}, nil,
			func(s scenario) string { return s.walk(streamPath, "") }, "2 2 1 0 end", "2 2 1 end"},
		"EmptyPageEvery": {sandbox.Assumptions{EmptyPageEvery: 2}, nil,
			func(s scenario) string { return s.walk(streamPath, "") }, "2 2 1 0 end", "2 0 2 0 1 0 end"},
		"ShortPages": {sandbox.Assumptions{ShortPages: []int{1, 2}}, nil,
			func(s scenario) string { return s.walk(streamPath, "") }, "2 2 1 0 end", "1 2 1 1 0 end"},
		"HeadEndCursor": {sandbox.Assumptions{HeadEndCursor: sandbox.NullEndCursor}, nil,
			func(s scenario) string { return s.walk(streamPath, "") }, "2 2 1 0 end", "2 2 1 0 lost"},
		"NullArray": {sandbox.Assumptions{NullArray: true}, func(c *sandbox.Config) { c.Events = sandbox.Raw() },
			func(s scenario) string { return strings.Split(s.ask(streamPath), ",")[1] }, `"data":[]}`, `"data":null}`},
		"RepeatAtBorders": {sandbox.Assumptions{RepeatAtBorders: true}, nil,
			func(s scenario) string { return s.walk(streamPath, "") }, "2 2 1 0 end", "2 3 2 1 end"},
		"Lag": {sandbox.Assumptions{Lag: sandbox.NoLag}, made, func(s scenario) string {
			times := regexp.MustCompile(`"timestamp":"([^"]+)"`).FindAllStringSubmatch(s.ask(streamPath), -1)
			for i := 1; i < len(times); i++ {
				if times[i][1] < times[i-1][1] {
					return "out of order"
				}
			}
			return "in order"
		}, "out of order", "in order"},
		"LimitAs400":     {sandbox.Assumptions{LimitAs400: true}, limited, header("X-RateLimit-Remaining"), "429 0", "400 0"},
		"NoLimitHeaders": {sandbox.Assumptions{NoLimitHeaders: true}, limited, header("X-RateLimit-Remaining"), "429 0", "429 "},
		"RetryAfter":     {sandbox.Assumptions{RetryAfter: true}, limited, header("Retry-After"), "429 ", "429 3294"},
		"HeadInterval": {sandbox.Assumptions{HeadInterval: time.Minute}, func(c *sandbox.Config) { c.Events = sandbox.Raw() },
			func(s scenario) string {
				told := s.ask(streamPath)[:3] + s.ask(streamPath)[:3]
				s.clock.Advance(time.Minute)
				return told + s.ask(streamPath)[:3]
			}, "200200200", "200429200"},
		"Retention": {sandbox.Assumptions{Retention: 3 * time.Millisecond}, nil,
			func(s scenario) string { return s.walk(streamPath, "cursor=2021-01-01") }, "2 2 1 0 end", "2 2 0 end"},
		"RefuseVersion2": {sandbox.Assumptions{RefuseVersion2: true}, nil,
			func(s scenario) string { return s.ask("/api/v2/datasets/monitor/stream")[:3] + s.ask(streamPath)[:3] }, "200200", "404200"},
		"RefuseAuthorizationCode": {sandbox.Assumptions{RefuseAuthorizationCode: true}, nil,
			func(s scenario) string { s.token = s.AuthorizationCodeToken(0); return s.ask(streamPath)[:3] }, "200", "401"},
		"Site": {sandbox.Assumptions{Site: `N"A1`}, made, func(s scenario) string {
			return regexp.MustCompile(`"site":("(\\.|[^"\\])*")`).FindStringSubmatch(s.ask(streamPath))[1]
		}, `"DEMO"`, `"N\"A1"`},
		"NoCharacterArrays": {sandbox.Assumptions{NoCharacterArrays: true}, made,
			func(s scenario) string {
				var all strings.Builder
				for event := range s.Events() {
					all.Write(event)
				}
				return fmt.Sprint(strings.Contains(all.String(), `"SignerIp":["1",`), strings.Contains(all.String(), `"SignerIp":"198.`))
			}, "true false", "false true"},
		"DatasetGone": {sandbox.Assumptions{DatasetGone: 410}, nil,
			func(s scenario) string { return s.ask(streamPath)[:3] + s.ask(s.organization())[:3] }, "200200", "410200"},
	}
	for i := range reflect.TypeFor[sandbox.Assumptions]().NumField() {
		name := reflect.TypeFor[sandbox.Assumptions]().Field(i).Name
		test, ok := tests[name]
		if !ok || test.without == test.with {
			t.Errorf("assumption %s is not tested, or its test shows no difference", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, side := range []struct {
				assume sandbox.Assumptions
				want   string
			}{{sandbox.Assumptions{}, test.without}, {test.assume, test.with}} {
				cfg := sandbox.Config{Events: numbered(5), Assumptions: side.assume}
				if test.config != nil {
					test.config(&cfg)
				}
				s, c, token := startWith(t, cfg)
				if diff := cmp.Diff(side.want, test.observe(scenario{t, s, c, token})); diff != "" {
					t.Errorf("with %+v (-want +got):\n%s", side.assume, diff)
				}
			}
		})
	}
}

// The values of an assumption that has several.
func TestAssumedValues(t *testing.T) {
	head := func(s scenario) string { return s.walk(streamPath, "") }
	body := func(s scenario) string { return s.ask(streamPath + "?limit=0") }
	for name, test := range map[string]struct {
		assume  sandbox.Assumptions
		observe func(scenario) string
		want    string
	}{
		"empty error":       {sandbox.Assumptions{ErrorBody: sandbox.EmptyError}, body, "400"},
		"HTML error":        {sandbox.Assumptions{ErrorBody: sandbox.HTMLBody}, body, "400 <!DOCTYPE html>\n<html><head><title>Bad Request</title></head><body><h1>Bad Request</h1></body></html>"},
		"HTML 404":          {sandbox.Assumptions{ErrorBody: sandbox.HTMLBody}, func(s scenario) string { return s.ask("/none")[:19] }, "404 <!DOCTYPE html>"},
		"HTML for a token":  {sandbox.Assumptions{TokenErrorBody: sandbox.HTMLTokenError}, scenario.refused, "<!DOCTYPE html>\n<html><head><title>Bad Request</title></head><body><h1>Bad Request</h1></body></html>"},
		"plain for a token": {sandbox.Assumptions{TokenErrorBody: sandbox.PlainTokenError}, scenario.refused, "Bad Request"},
		"no end":            {sandbox.Assumptions{HeadCursor: sandbox.CursorMoves}, head, "2 2 1 0 0 0"},
		"missing at head":   {sandbox.Assumptions{HeadEndCursor: sandbox.MissingEndCursor}, head, "2 2 1 0 lost"},
		"empty at head":     {sandbox.Assumptions{HeadEndCursor: sandbox.EmptyEndCursor}, head, "2 2 1 0 lost"},
		"gone, 404":         {sandbox.Assumptions{DatasetGone: 404}, func(s scenario) string { return s.ask(streamPath)[:3] }, "404"},
		"both at once":      {sandbox.Assumptions{ShortPages: []int{1}, EmptyPageEvery: 3}, head, "1 1 0 1 1 0"},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, token := startWith(t, sandbox.Config{Events: numbered(5), Assumptions: test.assume})
			if diff := cmp.Diff(test.want, test.observe(scenario{t, s, c, token})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAssumptionsRefused(t *testing.T) {
	for _, assume := range []sandbox.Assumptions{
		{ErrorBody: 4}, {TokenErrorBody: 4}, {HeadCursor: 3}, {HeadEndCursor: -1}, {Lag: 3}, {OrganizationLimit: -1}, {OrganizationDefault: -1}, {EmptyPageEvery: 1}, {EmptyPageEvery: -2},
		{DatasetGone: 200}, {DateReach: -1}, {CursorLifetime: -1}, {HeadInterval: -1}, {Retention: -1}, {ShortPages: []int{0}},
	} {
		if s, err := sandbox.New(sandbox.Config{Assumptions: assume}); err == nil {
			s.Close()
			t.Errorf("%+v is taken", assume)
		} else if !strings.HasPrefix(err.Error(), "sandbox: assumption") {
			t.Errorf("%+v: %v", assume, err)
		}
	}
}
