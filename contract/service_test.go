package contract_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/gen/oauth"
)

// service is the provider as one clause sees it: two hosts, someone to ask for, and a judge between.
type service struct {
	*judge
	on      stream
	http    *http.Client
	monitor string // base URLs, without a slash at the end: of the stream and of the tokens
	auth    string

	organization   string // GUID
	integrationKey string
	user           string
	audience       string
	key            *rsa.PrivateKey
	now            func() time.Time

	token string // asked for when it is first needed
	taken string // the assertion that it was given for
}

// inProcess is how many events the sandbox of a clause holds that does not care: several pages of the smaller limits.
const inProcess = 75

// provider is the service under test, for a clause about a stream: at the target's address, or a sandbox of this
// clause's own.
func provider(on stream) *service {
	GinkgoHelper()
	if !under.remote() {
		s, _ := controlledProvider(on, sandbox.Config{Events: sandbox.Generate(inProcess, uint64(GinkgoRandomSeed()))})
		return s
	}
	s := &service{
		on:             on,
		monitor:        monitorOf(on),
		auth:           strings.TrimSuffix(under.Environment.AuthURL, "/"),
		organization:   under.OrganizationID,
		integrationKey: under.Grant.IntegrationKey,
		user:           under.Grant.UserID,
		audience:       under.Grant.Audience,
		key:            under.key,
		now:            time.Now,
	}
	s.open(func() int { return int(s.wire.answered.Load()) })
	if under.replay != nil {
		s.play(under.replay)
	}
	if m := under.manners; m != nil {
		s.wire.RoundTripper = m.over(s.wire.RoundTripper)
		s.token = m.shared()
		s.judge.given = append(s.judge.given, s.token)
	}
	return s
}

// monitorOf is the base URL of a stream at the target's address.
func monitorOf(on stream) string {
	if on.name == organizationStream.name {
		return strings.TrimSuffix(under.Environment.OrganizationURL, "/")
	}
	return strings.TrimSuffix(under.Environment.DatasetURL, "/")
}

// accountServer is the service under test, for a clause that is about no stream.
func accountServer() *service {
	GinkgoHelper()
	return provider(datasetStream)
}

// controlledProvider is a sandbox of this clause's own, for a clause that is labelled so.
func controlledProvider(on stream, config sandbox.Config) (*service, *sandbox.Server) {
	GinkgoHelper()
	expectReach("server")
	config.PrivateKey = registeredKey()
	if seeded.kind() == "server" {
		config.Defects = append(config.Defects, seeded.server)
	}
	box, err := sandbox.New(config)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(box.Close)

	who := box.Credentials()
	s := &service{
		on: on, monitor: box.URL(), auth: box.URL(), organization: who.OrganizationID,
		integrationKey: who.IntegrationKey, user: who.UserID, key: who.PrivateKey, now: time.Now,
	}
	if config.Clock != nil {
		s.now = config.Clock
	}
	s.open(func() int { return len(box.Requests()) })
	return s, box
}

// turn makes the service that of the other stream, on the same server.
func (s *service) turn() {
	GinkgoHelper()
	if s.on.name == datasetStream.name {
		s.on = organizationStream
	} else {
		s.on = datasetStream
	}
	if under.remote() {
		s.monitor = monitorOf(s.on)
		monitor, err := url.Parse(s.monitor)
		Expect(err).NotTo(HaveOccurred())
		s.judge.base = append(s.judge.base, monitor)
	}
}

// open puts the judge into the way of every request, and has it heard at the end.
func (s *service) open(answered func() int) {
	GinkgoHelper()
	monitor, err := url.Parse(s.monitor)
	Expect(err).NotTo(HaveOccurred())
	auth, err := url.Parse(s.auth)
	Expect(err).NotTo(HaveOccurred())
	if s.audience == "" {
		s.audience = auth.Host
	}
	s.judge = &judge{base: []*url.URL{monitor, auth}, now: func() time.Time { return s.now() }}
	if s.judge.chronicle = under.chronicle; !under.remote() {
		s.judge.chronicle = newChronicle()
	}
	s.http = s.judge.client()
	s.judge.hear(answered)
	DeferCleanup(s.handOver)
}

// client sends through the judge and follows no redirect.
func (j *judge) client() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	DeferCleanup(transport.CloseIdleConnections)
	j.wire.RoundTripper = transport
	return &http.Client{
		Transport:     j,
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// hear ends a clause: its exchanges go into the report, and no request may have escaped the judge or been other than it
// was declared.
func (j *judge) hear(answered func() int) {
	DeferCleanup(func() {
		if j.void {
			return
		}
		var exchanges []exchange
		var objections []string
		for _, v := range j.Verdicts() {
			exchanges = append(exchanges, v.Exchange)
			if v.Objection != "" {
				objections = append(objections, v.Objection)
			}
			for _, b := range v.Breaches {
				AddReportEntry(breachEntry, b, ReportEntryVisibilityNever)
			}
		}
		if seeded.name == "" || reportFolder != "" { // the proof does not look at them, and reading them takes its time
			AddReportEntry(exchangesEntry, exchanges, ReportEntryVisibilityNever)
		}
		if !j.ofClient { // what the suite makes up itself is no news
			j.tell()
		}
		AddReportEntry("verdicts", len(exchanges), ReportEntryVisibilityNever)

		if len(objections) > 0 {
			failMachinery("The suite and the documents do not agree on requests of this clause:\n" + strings.Join(objections, "\n"))
		}
		if n := answered(); n < len(exchanges) || n > len(exchanges)+j.left {
			failMachinery(fmt.Sprintf("There are %d verdicts on %d requests which the server answered", len(exchanges), n))
		}
		switch silent := len(exchanges) == 0; {
		case j.mute:
			Expect(exchanges).To(BeEmpty(), "The client is to send no request")
		case silent && j.ofClient:
			Expect(exchanges).NotTo(BeEmpty(), "The client sends no request")
		case silent && !CurrentSpecReport().State.Is(types.SpecStateFailureStates|types.SpecStateSkipped):
			failMachinery("The clause has sent no request, so nothing is proved")
		}
	})
}

// failMachinery ends a clause by an error of the suite, or of the way to the service: it proves nothing of either. What has
// failed before stays a failure.
func failMachinery(reason string) {
	GinkgoHelper()
	if !CurrentSpecReport().Failed() {
		AddReportEntry(machineryEntry, reason, ReportEntryVisibilityNever)
	}
	Fail(reason)
}

// notProvableHere ends a clause that the target cannot be put to after all.
func notProvableHere(reason string) {
	GinkgoHelper()
	AddReportEntry(notProvableEntry, reason, ReportEntryVisibilityNever)
	Skip(reason)
}

// unreachable tells whether a request has not come as far as a service.
func unreachable(err error) bool {
	var dial *net.OpError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &certificate)
}

// registeredKey is that of the integration, made once in a process: it is what takes time.
var registeredKey = sync.OnceValue(newKey)

// foreignKey is one that the service has never heard of.
var foreignKey = sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	const bits = 1024 // a short key proves the same, and signs in a sixth of the time
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// answer is an answer whose body has been read.
type answer struct {
	Status int
	Header http.Header
	Body   string

	hide func(string) string // takes the secrets out
}

// String is what a failure shows. It holds no secret.
func (a *answer) String() string {
	return fmt.Sprintf("%d %s (%s) %s", a.Status, http.StatusText(a.Status), a.Header.Get("Content-Type"), shorten(a.hide(a.Body), 300))
}

// GomegaString is String, for a failure that would show the fields.
func (a *answer) GomegaString() string { return a.String() }

// do sends a request as it is, without a token unless it has one.
func (s *service) do(ctx context.Context, method, target string, edit ...func(*http.Request)) *answer {
	GinkgoHelper()
	r, err := http.NewRequestWithContext(ctx, method, target, nil)
	Expect(err).NotTo(HaveOccurred())
	for _, change := range edit {
		change(r)
	}
	return s.answer(s.http.Do(r))
}

// answer reads an answer to its end.
func (s *service) answer(res *http.Response, err error) *answer {
	GinkgoHelper()
	if errors.Is(err, errSpent) || errors.Is(err, errUnrecorded) {
		var of *url.Error
		errors.As(err, &of)
		notProvableHere(of.Err.Error())
	}
	if unreachable(err) {
		failMachinery("The service cannot be reached: " + s.hide(err.Error()))
	}
	Expect(err).NotTo(HaveOccurred())
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	Expect(err).NotTo(HaveOccurred(), "The answer is cut off")
	return &answer{res.StatusCode, res.Header, string(body), s.hide}
}

// authorization sets the header to a text.
func authorization(text string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", text) }
}

// bearer is the token that the clause has been given, as a change to a request.
func (s *service) bearer(ctx context.Context) func(*http.Request) {
	GinkgoHelper()
	if s.token == "" {
		s.token = s.newToken(ctx)
	}
	return authorization("Bearer " + s.token)
}

// forget has the next request ask for a new token, on a connection of its own, as a client does that has been started anew.
func (s *service) forget() {
	s.token = ""
	if kept, ok := s.wire.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		kept.CloseIdleConnections()
	}
}

// become has the next request come from another user, whose events are others.
func (s *service) become(user string) {
	s.user, s.judge.chronicle = user, newChronicle()
	s.forget()
}

// newToken asks for a token.
func (s *service) newToken(ctx context.Context) string {
	GinkgoHelper()
	assertion := s.assertion()
	a := s.ask(ctx, assertion)
	var token oauth.Token
	if err := json.Unmarshal([]byte(a.Body), &token); a.Status != http.StatusOK || err != nil || token.AccessToken == "" {
		Fail("The service gives no token, which the clause needs: " + a.String())
	}
	if under.manners != nil {
		under.manners.share(token.AccessToken)
	}
	s.taken = assertion
	return token.AccessToken
}

// ask is the request for a token, by the generated client.
func (s *service) ask(ctx context.Context, assertion string) *answer {
	GinkgoHelper()
	client, err := oauth.NewClient(s.auth, oauth.WithHTTPClient(s.http))
	Expect(err).NotTo(HaveOccurred())
	return s.answer(client.CreateTokenWithFormdataBody(ctx, oauth.TokenRequest{GrantType: oauth.JWTBearer, Assertion: assertion}))
}

// stream is the URL of the stream, with a raw query if one is given.
func (s *service) stream(query string) string {
	target := s.monitor + s.on.path(s.organization)
	if query != "" {
		target += "?" + query
	}
	return target
}
