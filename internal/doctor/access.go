package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/settings"
)

// token asks for a token and, with it, for the user's organizations. It returns the check that has to pass before a stream
// can be read.
func (e *examination) token(ctx context.Context) (organizations []api.Organization, culprit string) {
	client, err := e.client("")
	if err == nil {
		organizations, err = client.Organizations(ctx)
	}
	failed, known := errors.AsType[*api.Error](err)
	if err != nil && (!known || failed.Op == "token") {
		detail, advice := e.explain(err)
		e.tell(ofToken, Failure, detail, advice)
		e.untried(ofToken, ofUser)
		return nil, ofToken
	}
	e.tell(ofToken, Pass, "granted: integration key, user, key and consent fit together", "")

	if err != nil {
		detail, advice := e.explain(err)
		e.tell(ofUser, e.userSeverity(), detail, advice)
		return nil, ""
	}
	switch ids := idsOf(organizations); {
	case len(ids) == 0:
		e.tell(ofUser, e.userSeverity(), "no account of the user names an organization",
			"give the organization by "+settings.OrganizationID+" if it is the organization stream that is to be read")
	case e.stranger(ids):
		e.tell(ofUser, Warning, "the user's accounts do not name the organization "+e.found.OrganizationID+", but "+strings.Join(ids, ", "),
			"check "+settings.OrganizationID)
	default:
		e.tell(ofUser, Pass, strings.Join(ids, ", "), "")
	}
	return organizations, ""
}

// userSeverity is how bad it is not to know the user's organizations: only who has to look up one needs them.
func (e *examination) userSeverity() Result {
	if e.chosen() == "organization" && e.found.OrganizationID == "" {
		return Failure
	}
	return Warning
}

func idsOf(organizations []api.Organization) (ids []string) {
	for _, organization := range organizations {
		ids = append(ids, organization.ID)
	}
	return ids
}

// stranger tells whether an organization was given and the user's accounts name others only.
func (e *examination) stranger(ids []string) bool {
	given := e.found.OrganizationID
	return given != "" && len(ids) > 0 && !slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, given) })
}

// answer is what a stream said to the request for one page.
type answer struct {
	page *api.Page
	err  error
}

// streams asks both streams for a page. Together they say more than each: the dataset stream refuses without a word, the
// organization stream with a sentence.
func (e *examination) streams(ctx context.Context, organizations []api.Organization) {
	ids := idsOf(organizations)
	organization := e.found.OrganizationID
	if organization == "" && len(ids) == 1 {
		organization = ids[0]
	}
	dataset := e.ask(ctx, "")
	var ofOne answer
	if organization != "" {
		ofOne = e.ask(ctx, organization)
	}

	chosen := dataset
	if e.chosen() == "organization" {
		chosen = ofOne
	}
	e.access(chosen, dataset, ofOne, ids)
	e.stream(ofDataset, "dataset", dataset)
	if organization == "" {
		result := Untried
		if e.chosen() == "organization" {
			result = Failure
		}
		e.tell(ofOrganization, result, "it is not known which organization", "give one by "+settings.OrganizationID+choice(ids))
		return
	}
	e.stream(ofOrganization, "organization", ofOne)
}

func choice(ids []string) string {
	if len(ids) < 2 {
		return ""
	}
	return ": " + strings.Join(ids, " or ")
}

func (e *examination) ask(ctx context.Context, organization string) (a answer) {
	client, err := e.client(organization)
	if err != nil {
		return answer{err: err}
	}
	a.page, a.err = client.Page(ctx, api.Query{})
	return a
}

// access tells whether the user may read what is to be read, and whether the organization has Monitor.
func (e *examination) access(chosen, dataset, ofOne answer, ids []string) {
	switch {
	case chosen.page != nil:
		e.tell(ofRole, Pass, "the user may read the "+e.chosen()+" stream", "")
		e.tell(ofEntitlement, Pass, "the organization has Monitor", "")
		return
	case !errors.Is(chosen.err, api.ErrNotEntitled) || forBrowsers(chosen.err):
		e.untried("the "+e.chosen()+" stream", ofRole, ofEntitlement)
		return
	}

	const role = "make the user an administrator of the organization, or give the user the permission profile Security Reports Administrator"
	const entitlement = "have Monitor enabled for the organization: in production it is bought, in demo it is included"
	words := message(chosen.err)
	if words == "" && e.chosen() == "dataset" && len(ids) < 2 {
		words = message(ofOne.err)
	}
	refused := "403 Forbidden"
	if words != "" {
		refused += ": " + words
	}
	switch {
	case strings.Contains(strings.ToLower(words), "entitle"):
		e.tell(ofRole, Untried, ofEntitlement+" has to pass first", "")
		e.tell(ofEntitlement, Failure, refused, entitlement)
	case e.chosen() == "dataset" && len(ids) > 1:
		e.tell(ofRole, Failure, fmt.Sprintf("%s; the user belongs to %d organizations, and the dataset stream is for administrators of exactly one", refused, len(ids)),
			"read the organization stream: give "+settings.OrganizationID+choice(ids))
		e.untried(ofRole, ofEntitlement)
	case e.stranger(ids):
		e.tell(ofRole, Failure, refused, "give an organization of the user by "+settings.OrganizationID+": "+strings.Join(ids, " or ")+"; or "+role)
		e.untried(ofRole, ofEntitlement)
	case words != "":
		e.tell(ofRole, Failure, refused, role)
		e.untried(ofRole, ofEntitlement)
	default:
		e.tell(ofRole, Failure, refused+", without a reason", role+"; or "+entitlement)
		e.untried(ofRole, ofEntitlement)
	}
}

// message is what the server said, if it answered.
func message(err error) string {
	if failed, ok := errors.AsType[*api.Error](err); ok {
		return failed.Message
	}
	return ""
}

// stream tells what the first page of a stream was.
func (e *examination) stream(name, kind string, a answer) {
	if a.err != nil {
		severity := Warning
		if kind == e.chosen() {
			severity = Failure
		}
		detail, advice := e.explain(a.err)
		failed, _ := errors.AsType[*api.Error](a.err)
		switch {
		case forBrowsers(a.err):
		case errors.Is(a.err, api.ErrNotEntitled) && severity == Failure:
			advice = "see role and entitlement"
		case failed != nil && (failed.StatusCode == http.StatusNotFound || failed.StatusCode == http.StatusGone):
			advice = "check " + settings.OrganizationID + ", and " + settings.MonitorURL + " if it is set"
			if kind == "dataset" {
				advice = "check " + settings.MonitorURL + " if it is set, or read the organization stream: give " + settings.OrganizationID
			}
		}
		e.tell(name, severity, detail, advice)
		return
	}
	detail := fmt.Sprintf("%d events in the first page", len(a.page.Events))
	var newest time.Time
	for _, event := range a.page.Events {
		if at, err := event.Timestamp(); err == nil && at.After(newest) {
			newest = at
		}
	}
	switch {
	case !newest.IsZero():
		detail += ", the newest of " + newest.UTC().Format(time.RFC3339)
	case len(a.page.Events) == 0 && a.page.CaughtUp:
		detail = "open, and without an event in the last seven days"
	}
	e.tell(name, Pass, detail, "")
}

// explain takes an error apart: what it is, and what to do.
func (e *examination) explain(err error) (detail, advice string) {
	failed, ok := errors.AsType[*api.Error](err)
	if !ok {
		return brief(err), ""
	}
	bare := *failed
	bare.Advice = ""
	detail, advice = strings.TrimPrefix(brief(&bare), bare.Op+": "), failed.Advice
	const onTheWay = "look at what is on the way: a proxy, a firewall, a page to sign in to the network, a wrong URL"
	if forBrowsers(err) {
		detail += ", with a page for a browser"
	}
	switch {
	case forBrowsers(err) && failed.StatusCode >= http.StatusInternalServerError:
		advice = "try again later; if it stays so, " + onTheWay
	case forBrowsers(err), failed.StatusCode == http.StatusOK, failed.StatusCode == 0 && advice == "":
		advice = onTheWay
	case errors.Is(err, api.ErrConsentRequired):
		advice = "let the user open this page once and accept; " + e.RedirectURI +
			" has to be registered for the integration key as a redirect URI (--redirect-uri names another):\n" +
			e.found.Grant.ConsentURL(e.RedirectURI)
	case errors.Is(err, api.ErrWrongKey), errors.Is(err, api.ErrIssuerNotFound), errors.Is(err, api.ErrInvalidGrant) && failed.Message == "":
		advice += e.audience()
	case errors.Is(err, api.ErrRateLimited):
		advice = "wait until then; other programs of the account share the quota"
		if failed.RetryAt.IsZero() {
			advice = "try again in a minute; other programs of the account share the quota"
		}
	case failed.StatusCode >= http.StatusInternalServerError && advice == "":
		advice = "try again later; if it stays so, give the trace token to Docusign's support"
	}
	return detail, advice
}

// audience is what may be wrong with it, if the assertion was not refused for sure for another reason.
func (e *examination) audience() string {
	switch url := e.found.Environment.AuthURL; {
	case e.found.Grant.Audience != "":
		return "; unset " + settings.Audience + ", unless a proxy is in front of Docusign"
	case url != api.Demo.AuthURL && url != api.Production.AuthURL:
		return "; if the auth URL is a proxy in front of Docusign, give the host of Docusign by " + settings.Audience
	}
	return ""
}

// forBrowsers tells whether a failed request was answered with a page for a browser, as proxies and firewalls do.
func forBrowsers(err error) bool {
	failed, ok := errors.AsType[*api.Error](err)
	return ok && bytes.HasPrefix(bytes.TrimSpace(failed.Body), []byte("<"))
}
