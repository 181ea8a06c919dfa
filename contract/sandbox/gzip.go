package sandbox

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// zipped compresses the pages for who accepts gzip, as clients of Go do unless told otherwise. It is the layer next to
// the operations, so that a fault happens to what travels, compressed or not.
func (s *Server) zipped(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if operationOf(r) != opStream {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Add("Vary", "Accept-Encoding")
		if !acceptsGzip(r.Header) {
			next.ServeHTTP(w, r)
			return
		}
		z := &zipper{ResponseWriter: w}
		defer z.release() // also after a panic, which is how a defect breaks a connection
		next.ServeHTTP(z, r)
		z.finish()
	})
}

// acceptsGzip tells whether a request asks for gzip, by RFC 9110: a coding of quality 0 is not wanted, and a star stands
// for all that are not named.
func acceptsGzip(h http.Header) bool {
	named, others := -1.0, 0.0
	for _, value := range h.Values("Accept-Encoding") {
		for item := range strings.SplitSeq(value, ",") {
			coding, parameters, _ := strings.Cut(item, ";")
			quality := 1.0
			if name, text, ok := strings.Cut(parameters, "="); ok && strings.EqualFold(strings.TrimSpace(name), "q") {
				var err error
				if quality, err = strconv.ParseFloat(strings.TrimSpace(text), 64); err != nil {
					quality = 0
				}
			}
			switch strings.ToLower(strings.TrimSpace(coding)) {
			case "gzip", "x-gzip":
				named = quality
			case "*":
				others = quality
			}
		}
	}
	return named > 0 || named < 0 && others > 0
}

// zipper is a ResponseWriter that compresses the body of a 200 and passes everything else on.
type zipper struct {
	http.ResponseWriter
	press *press // nil unless the body is being compressed
	begun bool
}

// press is what compresses a body. It is large, so it is used again.
type press struct {
	body bytes.Buffer
	gzip *gzip.Writer
}

var presses = sync.Pool{New: func() any {
	p := new(press)
	p.gzip, _ = gzip.NewWriterLevel(&p.body, gzip.BestSpeed) // no error: the level is one
	return p
}}

func (z *zipper) WriteHeader(status int) {
	if z.begun {
		return
	}
	z.begun = true
	if status != http.StatusOK || z.Header().Get("Content-Encoding") != "" {
		z.ResponseWriter.WriteHeader(status)
		return
	}
	z.press = presses.Get().(*press)
	z.press.body.Reset()
	z.press.gzip.Reset(&z.press.body)
}

func (z *zipper) Write(b []byte) (int, error) {
	z.WriteHeader(http.StatusOK)
	if z.press == nil {
		return z.ResponseWriter.Write(b)
	}
	return z.press.gzip.Write(b)
}

// finish sends the compressed body, whose length is known only now.
func (z *zipper) finish() {
	if z.press == nil {
		return
	}
	z.press.gzip.Close() // no error: it writes into memory
	z.Header().Set("Content-Encoding", "gzip")
	z.Header().Set("Content-Length", strconv.Itoa(z.press.body.Len()))
	z.ResponseWriter.WriteHeader(http.StatusOK)
	z.ResponseWriter.Write(z.press.body.Bytes())
}

func (z *zipper) release() {
	if z.press != nil {
		presses.Put(z.press)
		z.press = nil
	}
}
