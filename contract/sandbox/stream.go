package sandbox

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"example.com/docusign-monitor/gen/dataset"
)

const (
	defaultLimit = 1000
	maxLimit     = 2000
	defaultReach = 7 * 24 * time.Hour // how far back the stream begins without a cursor
)

// streamGuard checks what the generated code does not, before it passes the request on to the strict handler.
type streamGuard struct {
	*Server
	next dataset.ServerInterface
}

func (g streamGuard) GetStream(w http.ResponseWriter, r *http.Request, version dataset.GetStreamParamsVersion,
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

// refuseUnboundStream answers a request whose parameters cannot be bound, which shows before the guard sees it.
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

// streamRefusal is an answer in the shape that the platform uses outside of OAuth.
func streamRefusal(status int, code, message string) dataset.GetStreamdefaultJSONResponse {
	return dataset.GetStreamdefaultJSONResponse{
		Body:       dataset.Problem{ErrorCode: &code, Message: &message},
		StatusCode: status,
	}
}

// streamHandler serves the operation of the dataset document.
type streamHandler struct{ *Server }

func (s streamHandler) GetStream(_ context.Context, request dataset.GetStreamRequestObject,
) (dataset.GetStreamResponseObject, error) {
	limit, ok := s.limit(request.Params.Limit)
	if !ok {
		return streamRefusal(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER",
			"The limit is not between 1 and "+strconv.Itoa(maxLimit)+"."), nil
	}
	v := s.log.view()
	from, ok := s.seek(v, request.Params.Cursor)
	if !ok {
		return streamRefusal(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER",
			"The cursor is neither one of this stream nor a date."), nil
	}
	return page{v, from, min(from+limit, v.len())}, nil
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
	return s.weekAgo(v), s.config.Assumptions.BadCursorRestarts
}

// weekAgo is where the stream begins without a cursor.
func (s *Server) weekAgo(v view) int { return v.since(s.config.Clock().Add(-defaultReach)) }

// page answers with the events of a view from one position to another. It writes the bytes that the log holds: the
// generated type would round numbers and order names anew.
type page struct {
	view
	from, to int
}

func (p page) VisitGetStreamResponse(w http.ResponseWriter) error {
	body := append([]byte(`{"endCursor":"`), p.cursor(p.to)...)
	body = append(body, `","data":[`...)
	for i := p.from; i < p.to; i++ {
		if i > p.from {
			body = append(body, ',')
		}
		body = p.appendEvent(body, i)
	}
	body = append(body, "]}"...)

	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(body)
	return err
}
