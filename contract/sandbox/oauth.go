package sandbox

import (
	"context"
	"mime"
	"net/http"
	"strings"
	"time"

	"example.com/docusign-monitor/gen/oauth"
)

// maxForm is how large the body of a token request may be, in bytes.
const maxForm = 64 << 10

// scope is what every access token is granted.
const scope = "signature impersonation"

// oauthGuard checks what the generated code does not, before it passes the request on to the strict handler.
type oauthGuard struct {
	*Server
	next oauth.ServerInterface
}

// CreateToken demands a form with both parameters once, and neither in the URL: the generated code merges the two, and
// takes any other body for an empty form.
func (g oauthGuard) CreateToken(w http.ResponseWriter, r *http.Request) {
	exchangeOf(r.Context()).operation = opToken
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if problem := formProblem(r); problem != "" && !g.skips(form) {
		g.refuseToken(r.Context(), "invalid_request", problem).VisitCreateTokenResponse(w)
		return
	}
	g.next.CreateToken(w, r)
}

func (g oauthGuard) GetUserInfo(w http.ResponseWriter, r *http.Request) {
	exchangeOf(r.Context()).operation = opUserInfo
	if !g.authorized(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		oauth.GetUserInfo401JSONResponse{Body: oauth.Problem{Error: new("invalid_token")}}.VisitGetUserInfoResponse(w)
		return
	}
	if !g.charge(w, r) {
		return
	}
	g.next.GetUserInfo(w, r)
}

// formProblem reads the form of a token request, and says what is wrong with it. It quotes nothing of it.
func formProblem(r *http.Request) string {
	types := r.Header.Values("Content-Type")
	if len(types) != 1 {
		return "The request has no Content-Type, or several."
	}
	if t, _, err := mime.ParseMediaType(types[0]); err != nil || t != "application/x-www-form-urlencoded" {
		return "The body is not application/x-www-form-urlencoded."
	}
	if err := r.ParseForm(); err != nil {
		return "The form or the URL cannot be read, or the form is too large."
	}
	query := r.URL.Query()
	for _, name := range []string{"grant_type", "assertion"} {
		switch {
		case query.Has(name):
			return "The parameter " + name + " belongs in the body."
		case len(r.PostForm[name]) > 1:
			return "The parameter " + name + " is there more than once."
		case r.PostForm.Get(name) == "":
			return "The parameter " + name + " is missing."
		}
	}
	return ""
}

// refuseToken is the 400 of the token endpoint, in the shape that is assumed.
func (s *Server) refuseToken(ctx context.Context, code, description string) oauth.CreateTokenResponseObject {
	switch s.config.Assumptions.TokenErrorBody {
	case CodeAlone:
		description = ""
	case HTMLTokenError:
		return tokenPage{bare{exchangeOf(ctx), http.StatusBadRequest, http.StatusText(http.StatusBadRequest)}}
	case PlainTokenError:
		return plainToken{exchangeOf(ctx)}
	}
	return oauthRefusal(http.StatusBadRequest, code, description)
}

// tokenPage is a page for a browser in place of a token.
type tokenPage struct{ bare }

func (p tokenPage) VisitCreateTokenResponse(w http.ResponseWriter) error {
	return p.VisitGetStreamResponse(w)
}

// plainToken is a line of text in place of a token.
type plainToken struct{ exchange *exchange }

func (p plainToken) VisitCreateTokenResponse(w http.ResponseWriter) error {
	p.exchange.bare = true
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusBadRequest)
	_, err := w.Write([]byte(http.StatusText(http.StatusBadRequest)))
	return err
}

// oauthRefusal is an answer in the shape that the OAuth endpoints use.
func oauthRefusal(status int, code, description string) oauth.CreateTokendefaultJSONResponse {
	body := oauth.Problem{Error: &code}
	if description != "" {
		body.ErrorDescription = &description
	}
	return oauth.CreateTokendefaultJSONResponse{Body: body, StatusCode: status}
}

// oauthHandler serves the operations of the OAuth document.
type oauthHandler struct{ *Server }

func (s oauthHandler) CreateToken(ctx context.Context, request oauth.CreateTokenRequestObject,
) (oauth.CreateTokenResponseObject, error) {
	if s.skips(grantEnd) && strings.HasPrefix(string(request.Body.GrantType), string(oauth.JWTBearer)) {
		request.Body.GrantType = oauth.JWTBearer
	}
	if !request.Body.GrantType.Valid() {
		return s.refuseToken(ctx, "invalid_grant", "unsupported_grant_type"), nil
	}
	user, refused := s.judge(request.Body.Assertion)
	if refused != nil {
		return s.refuseToken(ctx, refused.code, refused.description), nil
	}
	granted := scope
	return oauth.CreateToken200JSONResponse{Body: oauth.Token{
		AccessToken: s.issue(user, false),
		TokenType:   "Bearer",
		ExpiresIn:   int64(s.config.TokenLifetime / time.Second),
		Scope:       &granted,
	}}, nil
}

func (s oauthHandler) GetUserInfo(ctx context.Context, _ oauth.GetUserInfoRequestObject,
) (oauth.GetUserInfoResponseObject, error) {
	user := exchangeOf(ctx).user
	if s.skips(infoUser) {
		user = &s.config.Users[0]
	}
	given, family, _ := strings.Cut(user.Name, " ")
	email := "user-" + user.ID[:8] + "@example.com"
	created := "2021-01-04T08:00:00.0000000"
	info := oauth.UserInfo{
		Sub: user.ID, Name: &user.Name, GivenName: &given, FamilyName: &family, Created: &created, Email: &email,
	}
	for i, id := range user.Organizations {
		if i > 0 && s.skips(infoAccounts) {
			break
		}
		t := s.tenant(id)
		rel, href := "self", s.URL()+"/organizations/"+t.ID
		account := s.account(t.account, t.Name, i == 0)
		account.Organization = &oauth.Organization{OrganizationID: t.ID, Links: []oauth.Link{{Rel: &rel, Href: &href}}}
		info.Accounts = append(info.Accounts, account)
	}
	if len(user.Organizations) == 0 {
		info.Accounts = []oauth.Account{s.account(accountID, "Example Account", true)}
	}
	return oauth.GetUserInfo200JSONResponse{Body: info}, nil
}

func (s *Server) account(id, name string, isDefault bool) oauth.Account {
	base := s.URL()
	return oauth.Account{AccountID: &id, AccountName: &name, IsDefault: &isDefault, BaseURI: &base}
}
