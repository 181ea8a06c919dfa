package sandbox

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/oapi-codegen/runtime/types"

	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/gen/organization"
)

const (
	defaultLimit = 1000
	maxLimit     = 2000
	defaultReach = 7 * 24 * time.Hour // how far back the stream begins without a cursor
)

// datasetGuard checks what the generated code does not, before it passes the request on to the strict handler.
type datasetGuard struct {
	*Server
	next dataset.ServerInterface
}

func (g datasetGuard) GetStream(w http.ResponseWriter, r *http.Request, version dataset.GetStreamParamsVersion,
	name dataset.GetStreamParamsDataSetName, params dataset.GetStreamParams,
) {
	exchangeOf(r.Context()).operation = "getStream"
	switch {
	case !g.authorized(r):
		refuseStranger(w)
	case !version.Valid() || !name.Valid() || version == dataset.Version2 && g.config.Assumptions.RefuseVersion2:
		refuse(w, r, http.StatusNotFound, "NOT_FOUND", "There is no such version or data set.")
	case !wellFormed(r.URL.RawQuery):
		refuseUnbound(w, r, nil)
	default:
		g.next.GetStream(w, r, version, name, params)
	}
}

// organizationGuard does the same for the organization stream.
type organizationGuard struct {
	*Server
	next organization.ServerInterface
}

func (g organizationGuard) GetStream(w http.ResponseWriter, r *http.Request, id types.UUID, params organization.GetStreamParams) {
	exchangeOf(r.Context()).operation = "getStream"
	switch {
	case !g.authorized(r):
		refuseStranger(w)
	case !isGUID(r.PathValue("organizationId")) || !wellFormed(r.URL.RawQuery): // the generated code knows more forms of a GUID
		refuseUnbound(w, r, nil)
	default:
		g.next.GetStream(w, r, id, params)
	}
}

// refuseUnboundStream answers a request whose parameters cannot be bound, which shows before a guard sees it.
func (s *Server) refuseUnboundStream(w http.ResponseWriter, r *http.Request, err error) {
	exchangeOf(r.Context()).operation = "getStream"
	if !s.authorized(r) {
		refuseStranger(w)
		return
	}
	refuseUnbound(w, r, err)
}

// wellFormed tells whether a query can be read as a whole. The generated code would pass over a parameter that it cannot
// read, and so begin the stream elsewhere.
func wellFormed(query string) bool {
	_, err := url.ParseQuery(query)
	return err == nil
}

func refuseStranger(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	streamRefusal(http.StatusUnauthorized, "USER_AUTHENTICATION_FAILED", "The access token is missing, unknown or expired.").
		VisitGetStreamResponse(w)
}

// streamAnswer is what the generated code of both streams takes for an answer.
type streamAnswer interface {
	VisitGetStreamResponse(w http.ResponseWriter) error
}

// streamRefusal is an answer in the shape that the platform uses outside of OAuth.
func streamRefusal(status int, code, message string) streamAnswer {
	return dataset.GetStreamdefaultJSONResponse{
		Body:       dataset.Problem{ErrorCode: &code, Message: &message},
		StatusCode: status,
	}
}

// datasetHandler serves the operation of the dataset document. Which organization is meant follows from the token.
type datasetHandler struct{ *Server }

func (s datasetHandler) GetStream(ctx context.Context, request dataset.GetStreamRequestObject,
) (dataset.GetStreamResponseObject, error) {
	user := exchangeOf(ctx).user
	if len(user.Organizations) != 1 || !s.tenant(user.Organizations[0]).mayRead(user) {
		return emptyForbidden{exchangeOf(ctx)}, nil
	}
	of := stream{s.tenant(user.Organizations[0]), "data", 0}
	return s.page(ctx, of, request.Params.Cursor, request.Params.Limit), nil
}

// organizationHandler serves the operation of the organization document.
type organizationHandler struct{ *Server }

func (s organizationHandler) GetStream(ctx context.Context, request organization.GetStreamRequestObject,
) (organization.GetStreamResponseObject, error) {
	t := s.tenant(request.OrganizationID.String())
	if t == nil {
		return streamRefusal(http.StatusNotFound, "NOT_FOUND", "There is no such organization."), nil
	}
	if user := exchangeOf(ctx).user; !t.mayRead(user) {
		text := "User is not an administrator of the organization"
		if t.NotEntitled {
			text = "Organization does not have Monitor entitlement"
		}
		return organization.GetStreamdefaultJSONResponse{Body: organization.Problem{Error: &text}, StatusCode: http.StatusForbidden}, nil
	}
	return s.page(ctx, stream{t, "resultData", 1}, request.Params.Cursor, request.Params.Limit), nil
}

// emptyForbidden is the 403 of the dataset stream, which comes without a body.
type emptyForbidden struct{ exchange *exchange }

func (e emptyForbidden) VisitGetStreamResponse(w http.ResponseWriter) error {
	e.exchange.bare = true
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusForbidden)
	return nil
}

// stream is one of the two of an organization.
type stream struct {
	*tenant
	array string // the name of the events in a page
	kind  int    // 0 or 1
}

// firstSequence is the last part of a stream's first cursor. It keeps a cursor of one stream from being one of another.
func (of stream) firstSequence() int { return (2*of.place + of.kind) << 40 }

// page is the answer to a request of someone who may read the stream.
func (s *Server) page(ctx context.Context, of stream, cursor *string, asked *int32) streamAnswer {
	limit, ok := s.limit(asked)
	if !ok {
		return streamRefusal(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER",
			"The limit is not between 1 and "+strconv.Itoa(maxLimit)+".")
	}
	v := of.log.view()
	v.first = of.firstSequence()
	from, ok := s.seek(v, cursor)
	if !ok {
		return streamRefusal(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER",
			"The cursor is neither one of this stream nor a date.")
	}
	p := page{view: v, array: of.array, from: from, to: min(from+limit, v.len())}
	if spoil := exchangeOf(ctx).spoil; spoil != nil {
		spoil(&p)
	}
	return p
}

// limit is how many events a page may hold.
func (s *Server) limit(asked *int32) (n int, ok bool) {
	if asked == nil {
		return defaultLimit, true
	}
	n = int(*asked)
	nearest := min(max(n, 1), maxLimit)
	return nearest, n == nearest || s.config.Assumptions.ClampLimit
}

// seek is the position that a cursor asks for.
func (s *Server) seek(v view, cursor *string) (n int, ok bool) {
	if cursor == nil || *cursor == "" {
		return s.weekAgo(v), true
	}
	if t, ok := parseDate(*cursor); ok {
		if s.config.Assumptions.ExclusiveDates {
			return v.after(t), true
		}
		return v.since(t), true
	}
	if n, ok := v.position(*cursor); ok {
		return n, true
	}
	if n, ok := s.unmoved(v, *cursor); ok {
		return n, true
	}
	return s.weekAgo(v), s.config.Assumptions.BadCursorRestarts
}

// weekAgo is where the stream begins without a cursor.
func (s *Server) weekAgo(v view) int { return v.since(s.config.Clock().Add(-defaultReach)) }

// page answers with the events of a view from one position to another. It writes the bytes that the log holds: the
// generated type would round numbers and order names anew.
type page struct {
	view
	array    string // its name
	from, to int
	repeat   int    // how many events before the first are repeated
	null     bool   // the array is null
	end      string // the endCursor in JSON, or omitted; empty: that of to
}

// omitted in place of an endCursor leaves it out.
const omitted = "omitted"

// quoted is a cursor in JSON. Those of the sandbox need no escapes.
func quoted(cursor string) string { return `"` + cursor + `"` }

func (p page) VisitGetStreamResponse(w http.ResponseWriter) error {
	body := []byte{'{'}
	if p.end != omitted {
		body = append(body, `"endCursor":`+cmp.Or(p.end, quoted(p.cursor(p.to)))+","...)
	}
	body = append(body, quoted(p.array)+":"...)
	if p.null {
		body = append(body, "null}"...)
	} else {
		body = append(body, '[')
		for i := p.from - p.repeat; i < p.to; i++ {
			if i > p.from-p.repeat {
				body = append(body, ',')
			}
			body = p.appendEvent(body, i)
		}
		body = append(body, "]}"...)
	}

	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(body)
	return err
}
