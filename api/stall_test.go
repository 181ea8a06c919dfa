package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"
)

func TestStall(t *testing.T) { eachStream(t, testStall) }

func testStall(t *testing.T, s under) {
	tests := map[string]http.HandlerFunc{
		"before the answer": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"within it": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"endCursor":`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	}
	for name, silence := range tests {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t, silence, answer(403, ``))
			waits := &waits{}
			c := f.clientOf(t, f.environment(), WithRetry(Retry{Stall: 100 * time.Millisecond, Wait: waits.wait}))
			if _, err := c.Page(t.Context(), Query{}); !errors.Is(err, ErrNotEntitled) {
				t.Errorf("error %v", err)
			}
			if len(waits.list()) != 1 {
				t.Errorf("waited %v", waits.list())
			}
		})
	}
}

// An error says that the server was silent, and for how long.
func TestStallIsNamed(t *testing.T) { eachStream(t, testStallIsNamed) }

func testStallIsNamed(t *testing.T, s under) {
	f := s.fake(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	deaf := roundTrip(func(r *http.Request) (*http.Response, error) { // says no more than that the context has ended
		if r.Method == "POST" {
			return http.DefaultTransport.RoundTrip(r)
		}
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	for _, transport := range []http.RoundTripper{nil, deaf} {
		c := f.clientOf(t, f.environment(), WithRetry(Retry{Stall: 100 * time.Millisecond, Outage: 1, Wait: (&waits{}).wait}),
			WithHTTPClient(&http.Client{Transport: transport}))
		if _, err := c.Page(t.Context(), Query{}); err == nil || !strings.Contains(err.Error(), "the server is silent for 100ms") {
			t.Errorf("error %v", err)
		}
	}
}

// A slow answer is a good one as long as something comes: here a byte every 40 s, with an alarm after 60 s.
func TestSlowAnswer(t *testing.T) { eachStream(t, testSlowAnswer) }

func testSlowAnswer(t *testing.T, s under) {
	synctest.Test(t, func(t *testing.T) {
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: -1, Body: io.NopCloser(&drip{ctx: r.Context(), text: s.body("end", `{}`)})}, nil
		})
		source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"})
		c, err := New(allAt("https://host"), source, append(slices.Clone(s.options), WithHTTPClient(&http.Client{Transport: transport}))...)
		if err != nil {
			t.Fatal(err)
		}
		page, err := c.Page(t.Context(), Query{})
		if err != nil || len(page.Events) != 1 {
			t.Errorf("page %v, error %v", page, err)
		}
	})
}

// drip gives a byte every 40 s.
type drip struct {
	ctx  context.Context
	text string
}

func (d *drip) Read(p []byte) (int, error) {
	if d.text == "" {
		return 0, io.EOF
	}
	if err := wait(d.ctx, 40*time.Second); err != nil {
		return 0, err
	}
	n := copy(p[:1], d.text)
	d.text = d.text[n:]
	return n, nil
}

// Each read that brings something puts the alarm off.
func TestSlowIsNotSilent(t *testing.T) {
	whole := `{"endCursor":"end","data":[{"n":1}]}`
	pipe, out := io.Pipe()
	alarms := 0
	awake := io.TeeReader(pipe, eachRead(func() { alarms++ }))
	go func() {
		for i := range len(whole) {
			io.WriteString(out, whole[i:i+1])
		}
		out.Close()
	}()
	body, err := readBody(awake, -1)
	if err != nil || string(body) != whole {
		t.Errorf("read %q, %v", body, err)
	}
	if alarms != len(whole) {
		t.Errorf("the alarm was put off %d times for %d bytes", alarms, len(whole))
	}
}

func TestReadBody(t *testing.T) {
	text := strings.Repeat("x", 3<<20)
	for name, length := range map[string]int64{"announced": int64(len(text)), "not announced": -1, "announced less": 10} {
		t.Run(name, func(t *testing.T) {
			got, err := readBody(strings.NewReader(text), length)
			if err != nil || string(got) != text {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	large := strings.Repeat("x", maxAnswer+1)
	for _, length := range []int64{-1, maxAnswer, maxAnswer + 1} {
		if got, err := readBody(strings.NewReader(large+large), length); err != nil || len(got) != maxAnswer+1 {
			t.Errorf("too much, %d announced: %d bytes, %v", length, len(got), err)
		}
		if got, err := readBody(strings.NewReader(large[1:]), length); err != nil || len(got) != maxAnswer {
			t.Errorf("just enough, %d announced: %d bytes, %v", length, len(got), err)
		}
	}
}
