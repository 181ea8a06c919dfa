package sandbox

import (
	"context"
	"net/http"
	"net/url"

	"github.com/oapi-codegen/runtime/types"

	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/gen/organization"
)

// datasetGuard checks what the generated code does not, before it passes the request on to the strict handler.
type datasetGuard struct {
	*Server
	dataset.ServerInterface // the strict handler
}

func (g datasetGuard) GetStream(w http.ResponseWriter, r *http.Request, version dataset.GetStreamParamsVersion,
	name dataset.GetStreamParamsDataSetName, params dataset.GetStreamParams,
) {
	exchangeOf(r.Context()).operation = opStream
	switch gone := g.config.Assumptions.DatasetGone; {
	case gone != 0:
		g.refuse(w, r, gone, "GONE", "The dataset stream has been shut down.")
	case !g.authorized(r):
		g.refuseStranger(w, r)
	case !g.charge(w, r):
	case !version.Valid() || !name.Valid() || version == dataset.Version2 && g.config.Assumptions.RefuseVersion2:
		g.refuse(w, r, http.StatusNotFound, "NOT_FOUND", "There is no such version or data set.")
	case !wellFormed(r.URL.RawQuery):
		g.refuseUnbound(w, r, nil)
	default:
		g.ServerInterface.GetStream(w, r, version, name, params)
	}
}

// organizationGuard does the same for the organization stream.
type organizationGuard struct {
	*Server
	organization.ServerInterface // the strict handler
}

func (g organizationGuard) GetStream(w http.ResponseWriter, r *http.Request, id types.UUID, params organization.GetStreamParams) {
	exchangeOf(r.Context()).operation = opStream
	switch {
	case !g.authorized(r):
		g.refuseStranger(w, r)
	case !g.charge(w, r):
	case !isGUID(r.PathValue("organizationId")) || !wellFormed(r.URL.RawQuery): // the generated code knows more forms of a GUID
		g.refuseUnbound(w, r, nil)
	default:
		g.ServerInterface.GetStream(w, r, id, params)
	}
}

// refuseUnboundStream answers a request whose parameters cannot be bound, which shows before a guard sees it.
func (s *Server) refuseUnboundStream(w http.ResponseWriter, r *http.Request, err error) {
	exchangeOf(r.Context()).operation = opStream
	if !s.authorized(r) {
		s.refuseStranger(w, r)
	} else if s.charge(w, r) {
		s.refuseUnbound(w, r, err)
	}
}

// wellFormed tells whether a query can be read as a whole. The generated code would pass over a parameter that it cannot
// read, and so begin the stream elsewhere.
func wellFormed(query string) bool {
	_, err := url.ParseQuery(query)
	return err == nil
}

// datasetHandler serves the operation of the dataset document. Which organization is meant follows from the token.
type datasetHandler struct {
	*Server
	dataset.StrictServerInterface // nil: operations that a later document adds do not come here
}

func (s datasetHandler) GetStream(ctx context.Context, request dataset.GetStreamRequestObject,
) (dataset.GetStreamResponseObject, error) {
	user := exchangeOf(ctx).user
	if len(user.Organizations) != 1 {
		return s.forbidden(ctx, "User does not administer exactly one organization", s.config.Assumptions.SwapForbidden), nil
	}
	t := s.tenant(user.Organizations[0])
	if !t.mayRead(user) {
		return s.forbidden(ctx, t.whyNot(), s.config.Assumptions.SwapForbidden), nil
	}
	return s.page(ctx, stream{t, "data", 0}, request.Params.Cursor, request.Params.Limit), nil
}

// organizationHandler serves the operation of the organization document.
type organizationHandler struct {
	*Server
	organization.StrictServerInterface // nil: operations that a later document adds do not come here
}

func (s organizationHandler) GetStream(ctx context.Context, request organization.GetStreamRequestObject,
) (organization.GetStreamResponseObject, error) {
	t := s.tenant(request.OrganizationID.String())
	if of := exchangeOf(ctx).user.Organizations; t != nil && len(of) > 1 && s.skips(pathOrganization) {
		t = s.tenant(of[0])
	}
	if t == nil {
		return s.refusal(ctx, http.StatusNotFound, "NOT_FOUND", "There is no such organization."), nil
	}
	if !t.mayRead(exchangeOf(ctx).user) && !s.skips(membership) {
		return s.forbidden(ctx, t.whyNot(), !s.config.Assumptions.SwapForbidden), nil
	}
	return s.page(ctx, stream{t, "resultData", 1}, request.Params.Cursor, request.Params.Limit), nil
}

// forbidden is a 403, with a sentence or without a body.
func (s *Server) forbidden(ctx context.Context, text string, says bool) streamAnswer {
	if says {
		return sentence(http.StatusForbidden, text)
	}
	return bare{exchangeOf(ctx), http.StatusForbidden, ""}
}
