package sandbox

import (
	"context"
	"net/http"
	"strings"

	"example.com/docusign-monitor/gen/dataset"
)

// streamAnswer is what the generated code of both streams takes for an answer.
type streamAnswer interface {
	VisitGetStreamResponse(w http.ResponseWriter) error
}

// refusal is an answer of a stream in the shape that is assumed.
func (s *Server) refusal(ctx context.Context, status int, code, message string) streamAnswer {
	switch s.config.Assumptions.ErrorBody {
	case SentenceError:
		return sentence(status, message)
	case EmptyError:
		return bare{exchangeOf(ctx), status, ""}
	case HTMLBody:
		return bare{exchangeOf(ctx), status, http.StatusText(status)}
	default:
		return platformError(status, code, message)
	}
}

// platformError is the shape of most of the platform's errors.
func platformError(status int, code, message string) streamAnswer {
	return dataset.GetStreamdefaultJSONResponse{
		Body:       dataset.Problem{ErrorCode: &code, Message: &message},
		StatusCode: status,
	}
}

// sentence is the shape of the organization stream's 403.
func sentence(status int, text string) streamAnswer {
	return dataset.GetStreamdefaultJSONResponse{Body: dataset.Problem{Error: &text}, StatusCode: status}
}

// bare is an answer that is not JSON: empty, or a page for a browser with a title.
type bare struct {
	exchange *exchange
	status   int
	title    string
}

func (b bare) VisitGetStreamResponse(w http.ResponseWriter) error {
	b.exchange.bare = true
	if b.title == "" {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(b.status)
		return nil
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(b.status)
	_, err := w.Write([]byte("<!DOCTYPE html>\n<html><head><title>" + b.title + "</title></head><body><h1>" + b.title + "</h1></body></html>\n"))
	return err
}

// refuseUnbound answers a request whose parameters or body the generated code cannot read. What it says of the reason
// quotes the request, so it is not passed on.
func (s *Server) refuseUnbound(w http.ResponseWriter, r *http.Request, _ error) {
	s.refuse(w, r, http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "The request cannot be read.")
}

// unanswered is called when an answer could not be made, or not be written to the end. Only the first leaves something to
// do.
func (s *Server) unanswered(w http.ResponseWriter, r *http.Request, _ error) {
	if exchangeOf(r.Context()).status != 0 {
		return
	}
	s.refuse(w, r, http.StatusInternalServerError, "UNSPECIFIED_ERROR", "The sandbox failed.")
}

// streamAlone answers 501 to operations that a later document adds to a stream: the code for them is generated, and
// nothing is known of them that could be imitated.
func (s *Server) streamAlone(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead || !strings.HasSuffix(r.URL.Path, "/stream") {
			s.refuse(w, r, http.StatusNotImplemented, "NOT_IMPLEMENTED", "The sandbox does not imitate this operation.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuseStranger answers a request to a stream without a good token.
func (s *Server) refuseStranger(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	s.refuse(w, r, http.StatusUnauthorized, "USER_AUTHENTICATION_FAILED", "The access token is missing, unknown or expired.")
}

// refuse answers in the shape of the host that the path belongs to.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	if strings.HasPrefix(r.URL.Path, "/oauth/") {
		oauthRefusal(status, "invalid_request", message).VisitCreateTokenResponse(w)
		return
	}
	s.refusal(r.Context(), status, code, message).VisitGetStreamResponse(w)
}
