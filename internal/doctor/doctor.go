// Package doctor examines what a client of Docusign Monitor needs, one thing after the other, and says of each that is
// wrong how to mend it: settings, key, network, clock, token, organizations, role, entitlement and both streams.
//
// It only reads: a token, the user's organizations, and one page of a stream. No event, key or token is in what it tells.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/settings"
)

// Result is what a check came to.
type Result string

// The results. Only a failure is one that keeps events from coming.
const (
	Pass    Result = "pass"
	Warning Result = "warning"
	Failure Result = "fail"
	Untried Result = "not tried" // another check has to pass first
)

// Check is one thing that was looked at.
type Check struct {
	Name   string `json:"name"`
	Result Result `json:"result"`
	Detail string `json:"detail,omitempty"` // what was found
	Advice string `json:"advice,omitempty"` // what to do about it
}

// Config says what is examined.
type Config struct {
	// Settings reads the settings. An error of type [settings.Problems] is told problem by problem.
	Settings func() (*settings.Settings, error)

	// Stream is the stream that is to be read, "dataset" or "organization". Empty: the organization stream if the settings
	// name an organization, else the dataset stream. The other one is examined too, but can only give a warning.
	Stream string

	// RedirectURI is put into the address of the page on which a user consents.
	RedirectURI string

	// Now is the clock that is compared with the servers'.
	Now func() time.Time

	// Wait is that of [api.Retry]. Nil: a timer.
	Wait func(context.Context, time.Duration) error

	// Stall is how long a server may be silent, and twice as long as a host may take to be reached. Zero: 20 s.
	Stall time.Duration
}

// What is examined, in this order.
const (
	ofSettings     = "settings"
	ofKey          = "private key"
	ofNetwork      = "network"
	ofClock        = "clock"
	ofToken        = "token"
	ofUser         = "organizations"
	ofRole         = "role"
	ofEntitlement  = "entitlement"
	ofDataset      = "dataset stream"
	ofOrganization = "organization stream"
	ofLimits       = "rate limits"
)

// Examine looks at everything that can be looked at, tells each check as soon as it is done, and returns whether none
// failed.
func Examine(ctx context.Context, c Config, tell func(Check)) bool {
	c.Stall = cmp.Or(c.Stall, 20*time.Second)
	e := &examination{Config: c, told: tell, healthy: true}
	e.run(ctx)
	return e.healthy
}

// examination is the state of one run.
type examination struct {
	Config
	told    func(Check)
	healthy bool

	found *settings.Settings
	wire  *wire
}

func (e *examination) tell(name string, result Result, detail, advice string) {
	e.healthy = e.healthy && result != Failure
	e.told(Check{Name: name, Result: result, Detail: detail, Advice: advice})
}

// untried tells of checks that cannot be made since another failed.
func (e *examination) untried(because string, names ...string) {
	for _, name := range names {
		e.tell(name, Untried, because+" has to pass first", "")
	}
}

func (e *examination) run(ctx context.Context) {
	rest := []string{ofNetwork, ofClock, ofToken, ofUser, ofRole, ofEntitlement, ofDataset, ofOrganization, ofLimits}
	if culprit := e.settings(); culprit != "" {
		e.untried(culprit, rest...)
		return
	}
	e.wire = newWire()
	defer e.wire.close()

	authReached := e.reach(ctx, "account server", e.found.Environment.AuthURL, Failure)
	streamReached := e.reachStreams(ctx)
	e.clock()
	if !authReached {
		e.untried(ofNetwork, rest[2:]...)
		return
	}
	organizations, culprit := e.token(ctx)
	if culprit != "" {
		e.untried(culprit, rest[4:]...)
		return
	}
	if !streamReached {
		e.untried(ofNetwork, rest[4:]...)
		return
	}
	e.streams(ctx, organizations)
	e.limits()
}

// settings reads the settings and the key, and returns the check that has to pass before anything else can.
func (e *examination) settings() (culprit string) {
	found, err := e.Settings()
	if problems, ok := errors.AsType[settings.Problems](err); ok {
		return e.problems(problems)
	}
	if err != nil {
		e.tell(ofSettings, Failure, brief(err), "")
		return ofSettings
	}
	e.found = found
	e.tell(ofSettings, Pass, fmt.Sprintf("%s, integration key %s for user %s, reads the %s stream",
		environmentName(found.Environment), found.Grant.IntegrationKey, found.Grant.UserID, e.chosen()), "")
	return e.key()
}

// problems tells those of the key apart from the others.
func (e *examination) problems(problems settings.Problems) (culprit string) {
	for _, problem := range problems {
		name := ofSettings
		if strings.Contains(strings.ToUpper(strings.ReplaceAll(problem.Variable, "-", "_")), "PRIVATE_KEY") {
			name = ofKey
		}
		what, advice, _ := strings.Cut(problem.Text, "; ")
		e.tell(name, Failure, problem.Variable+" "+what, advice)
		if culprit != ofSettings {
			culprit = name
		}
	}
	return culprit
}

// chosen is the stream that is to be read.
func (e *examination) chosen() string {
	switch {
	case e.Stream != "":
		return e.Stream
	case e.found.OrganizationID != "":
		return "organization"
	default:
		return "dataset"
	}
}

func environmentName(env api.Environment) string {
	switch env.AuthURL {
	case api.Demo.AuthURL:
		return "demo"
	case api.Production.AuthURL:
		return "production"
	}
	if u, err := url.Parse(env.AuthURL); err == nil {
		return "account server " + u.Host
	}
	return "account server of your own"
}

// clock compares this machine's clock with that of the first server that told its own.
func (e *examination) clock() {
	const fine, tolerable = time.Minute, 5 * time.Minute
	if e.wire.date.IsZero() {
		e.tell(ofClock, Untried, "no server has told its time", "")
		return
	}
	off := e.Now().Sub(e.wire.date) - time.Since(e.wire.dateSeen)
	how := "ahead of"
	if off < 0 {
		how = "behind"
	}
	off = off.Abs()
	detail := fmt.Sprintf("%v %s the server's", off.Round(time.Second), how)
	const advice = "set the clock of this machine, best by NTP: assertions are refused when the times in them are wrong"
	switch {
	case off > tolerable:
		e.tell(ofClock, Failure, detail, advice)
	case off > fine:
		e.tell(ofClock, Warning, detail, advice)
	default:
		e.tell(ofClock, Pass, "within a minute of the server's", "")
	}
}

// client is one of a stream; of the organization stream with the id of an organization.
func (e *examination) client(organization string) (*api.Client, error) {
	options := []api.Option{
		api.WithHTTPClient(&http.Client{Transport: e.wire}),
		// An examination is for somebody who waits for it.
		api.WithRetry(api.Retry{Connect: 5 * time.Second, Outage: 10 * time.Second, Limit: time.Second, Stall: e.Stall, Wait: e.Wait}),
	}
	if organization != "" {
		options = append(options, api.WithOrganization(organization))
	}
	return api.New(e.found.Environment, e.found.Grant.TokenSource(), options...)
}

// brief is an error without the name of the library in front.
func brief(err error) string { return strings.TrimPrefix(err.Error(), "docusign: ") }
