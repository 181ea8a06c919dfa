package api

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the documentation leaves open is free for a server: the form of its cursors, the order of the members of a page,
// spacing, framing, compression, headers, further members. A drain gives the same bytes whatever it chooses.
func TestServersAreFree(t *testing.T) { eachStream(t, testServersAreFree) }

func testServersAreFree(t *testing.T, s under) {
	events := []string{
		`{"eventId":"1","timestamp":"2026-02-03T07:08:09.1234567Z"}`,
		`{"eventId":"1","timestamp":"yesterday","n":98765432109876543210,"f":2.50}`,
		`{ "spaced" : [ 1 , 2 ] ,	"tabbed":	true }`,
		"{\"broken\":\n\r\n\"over lines\"}",
		`{"text":"\u6771\u4eac 東京 \ud800 \/ \" ]}","nested":{"a":{"b":[[[{}]]]}}}`,
		`{}`,
		`{"same":1,"same":2}`,
		`{"long":"` + strings.Repeat("x", 100_000) + `"}`,
	}
	cursors := map[string]func(n int) string{
		"ticks":     func(n int) string { return fmt.Sprintf("aa_638000000000000000_638000000000000000_%d", n) },
		"base64":    func(n int) string { return fmt.Sprintf("%d+/==", n) },
		"any text":  func(n int) string { return fmt.Sprintf("%d é&=?#%%\u2028\\\"", n) },
		"very long": func(n int) string { return fmt.Sprint(n) + strings.Repeat("c", 3000) },
		"a date":    func(n int) string { return fmt.Sprintf("2026-01-01T00:00:00.%07dZ", n) },
		"a number":  func(n int) string { return fmt.Sprint(n) },
	}
	bodies := map[string]string{
		"documented": `{"endCursor":%[1]s,%[3]q:[%[2]s]}`,
		"reversed":   `{%[3]q:[%[2]s],"endCursor":%[1]s}`,
		"spaced":     "\r\n{ \"endCursor\" :\t%[1]s ,\n%[3]q : [ %[2]s ] }\n",
		"extended":   `{"version":{%[3]q:[1]},"endCursor":%[1]s,"x":null,%[3]q:[%[2]s],"total":12345678901234567890}`,
	}
	framings := map[string]func(w http.ResponseWriter, body string){
		"length": func(w http.ResponseWriter, body string) {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			io.WriteString(w, body)
		},
		"chunks": func(w http.ResponseWriter, body string) {
			for _, half := range []string{body[:len(body)/2], body[len(body)/2:]} {
				io.WriteString(w, half)
				w.(http.Flusher).Flush()
			}
		},
		"gzip": func(w http.ResponseWriter, body string) {
			w.Header().Set("Content-Encoding", "gzip")
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			io.WriteString(z, body)
			z.Close()
			w.Write(b.Bytes())
		},
		"until the end": func(w http.ResponseWriter, body string) {
			w.Header().Set("Connection", "close")
			conn, buf, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			fmt.Fprintf(buf, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s", body)
			buf.Flush()
		},
	}
	types := []string{"application/json", "application/json; charset=utf-8", "text/plain", "application/problem+json", ""}

	for cursorForm, cursor := range cursors {
		for bodyForm, body := range bodies {
			for framing, write := range framings {
				t.Run(cursorForm+", "+bodyForm+", "+framing, func(t *testing.T) {
					served := 0
					f := s.fake(t, func(w http.ResponseWriter, r *http.Request) {
						at := 0
						if given := r.URL.Query().Get("cursor"); given != "" {
							for at = range len(events) + 1 {
								if cursor(at) == given {
									break
								}
							}
							if cursor(at) != given {
								w.WriteHeader(400)
								return
							}
						}
						served++
						if contentType := types[served%len(types)]; contentType != "" {
							w.Header().Set("Content-Type", contentType)
						} else {
							w.Header()["Content-Type"] = nil
						}
						to := min(at+3, len(events))
						write(w, fmt.Sprintf(body, quote(cursor(to)), strings.Join(events[at:to], ","), s.array))
					})
					c, waits := f.client(t)
					pages, err := drain(t.Context(), c, Query{})
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(events, raws(pages...)); diff != "" {
						t.Errorf("events (-want +got):\n%s", diff)
					}
					if served != 4 || len(waits.list()) > 0 {
						t.Errorf("%d requests, waited %v", served, waits.list())
					}
				})
			}
		}
	}
}

// quote writes a JSON string as sparsely as the grammar allows.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
