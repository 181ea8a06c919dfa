package sandbox_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/docusign-monitor/contract/sandbox"
)

// The benchmarks ask servers that are processes of their own, over loopback. What is compared is measured in one run, in
// turns, since machines are noisy. BENCHMARKS.md has the figures.

// benchServer is the variable that makes the test binary one of those servers, by the name of its kind.
const benchServer = "DOCUSIGN_SANDBOX_BENCH_SERVER"

func TestMain(m *testing.M) {
	kind := os.Getenv(benchServer)
	if kind == "" {
		os.Exit(m.Run())
	}
	if err := serveBench(kind, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serveBench is such a process: it serves so many made-up events, prints where and with which token, and ends when its
// standard input does.
func serveBench(kind, events string) error {
	n, err := strconv.Atoi(events)
	if err != nil {
		return err
	}
	s, err := sandbox.New(sandbox.Config{Events: sandbox.Generate(n, 1), Clock: newClock().Now})
	if err != nil {
		return err
	}
	defer s.Close()
	url, token := s.URL(), s.AuthorizationCodeToken(0)
	if kind == "bare" {
		bare := httptest.NewServer(recall(s, token))
		defer bare.Close()
		url = bare.URL
	}
	fmt.Println(url, token)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// recall is the bare handler: it writes the bodies that the sandbox gave when they were asked for the first time.
func recall(s *sandbox.Server, token string) http.Handler {
	var bodies sync.Map // by the query
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := bodies.Load(r.URL.RawQuery)
		if !ok {
			p := newPuller(token)
			defer p.client.CloseIdleConnections()
			if err := p.pull(s.URL() + r.URL.RequestURI()); err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			body = bytes.Clone(p.body)
			bodies.Store(r.URL.RawQuery, body)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(body.([]byte))))
		w.Write(body.([]byte))
	})
}

// benchProcess is a server of serveBench.
type benchProcess struct {
	url, token string
	stop       func() *os.ProcessState
}

func startBench(b *testing.B, kind string, events int) benchProcess {
	b.Helper()
	cmd := exec.Command(os.Args[0], strconv.Itoa(events))
	cmd.Env = append(os.Environ(), benchServer+"="+kind)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	p := benchProcess{stop: sync.OnceValue(func() *os.ProcessState {
		stdin.Close()
		cmd.Wait()
		return cmd.ProcessState
	})}
	b.Cleanup(func() { p.stop() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	p.url, p.token, _ = strings.Cut(strings.TrimSpace(line), " ")
	return p
}

// puller takes answers into one buffer that is used again, and looks at nothing.
type puller struct {
	client *http.Client
	token  string
	body   []byte
}

func newPuller(token string) *puller {
	return &puller{client: &http.Client{Transport: &http.Transport{DisableCompression: true, ReadBufferSize: 64 << 10}}, token: token}
}

func (p *puller) pull(url string) error {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	answer, err := p.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", answer.Status)
	}
	n := int(answer.ContentLength)
	if cap(p.body) < n {
		p.body = make([]byte, n, n+n/8)
	}
	p.body = p.body[:n]
	_, err = io.ReadFull(answer.Body, p.body)
	return err
}

// endCursor is that of the page, which stands at its beginning.
func (p *puller) endCursor() string {
	_, rest, _ := bytes.Cut(p.body[:min(len(p.body), 200)], []byte(`{"endCursor":"`))
	cursor, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(cursor)
}

// walk takes the pages from the beginning to the head, and counts their events.
func (p *puller) walk(t testing.TB, base string, limit int) (events int) {
	t.Helper()
	for sent := "2021-01-01"; ; {
		if err := p.pull(base + pageAfter(sent, limit)); err != nil {
			t.Fatal(err)
		}
		events += bytes.Count(p.body, []byte(`"eventId":"`))
		end := p.endCursor()
		if end == sent {
			return events
		}
		sent = end
	}
}

// pageAfter is the target of a page of the dataset stream.
func pageAfter(cursor string, limit int) string {
	return "/api/v2.0/datasets/monitor/stream?" + url.Values{"cursor": {cursor}, "limit": {strconv.Itoa(limit)}}.Encode()
}

// BenchmarkOfBare has the sandbox and a bare handler of net/http that writes the same bytes answer the same requests, on
// eight connections, in turns, and reports the requests a second of both and the speed of the sandbox against the other.
func BenchmarkOfBare(b *testing.B) {
	const pages, connections = 16, 8
	for _, limit := range []int{1, 100, 1000, 2000} {
		b.Run(fmt.Sprintf("limit=%d", limit), func(b *testing.B) {
			var took [2][]time.Duration // by the bare handler, by the sandbox
			var rounds [2]func() time.Duration
			requests := max(500/limit, 20) * connections
			for i, kind := range []string{"bare", "sandbox"} {
				server := startBench(b, kind, (pages+1)*limit)
				var targets []string
				for p, cursor := newPuller(server.token), ""; len(targets) < pages; cursor = p.endCursor() {
					targets = append(targets, server.url+pageAfter(cursor, limit))
					if err := p.pull(targets[len(targets)-1]); err != nil {
						b.Fatal(err)
					}
				}
				var pullers []*puller
				for range connections {
					pullers = append(pullers, newPuller(server.token))
				}
				rounds[i] = func() time.Duration {
					var next atomic.Int64
					var all sync.WaitGroup
					begun := time.Now()
					for _, p := range pullers {
						all.Go(func() {
							for n := next.Add(1); n <= int64(requests); n = next.Add(1) {
								if err := p.pull(targets[n%pages]); err != nil {
									b.Error(err)
									return
								}
							}
						})
					}
					all.Wait()
					return time.Since(begun)
				}
				rounds[i]() // opens the connections
			}
			for b.Loop() {
				for i, round := range rounds {
					took[i] = append(took[i], round())
				}
			}
			bare, imitated := median(took[0]), median(took[1])
			b.ReportMetric(0, "ns/op") // of both together, which says nothing
			b.ReportMetric(float64(requests)/bare, "bare-requests/s")
			b.ReportMetric(float64(requests)/imitated, "requests/s")
			b.ReportMetric(bare/imitated, "of-bare")
			if bare < imitated/2 && b.N > 1 { // a single round tells nothing
				b.Errorf("the sandbox has %.2f of the speed of a bare handler", bare/imitated)
			}
		})
	}
}

// median of some times, in seconds.
func median(times []time.Duration) float64 {
	slices.Sort(times)
	return times[len(times)/2].Seconds()
}

// BenchmarkTenMillion drains ten million events, and fails if the server took 256 MiB or one event is missing.
func BenchmarkTenMillion(b *testing.B) {
	const events, limit, most = 10_000_000, 2000, 256 << 20
	for b.Loop() {
		server := startBench(b, "sandbox", events)
		got := newPuller(server.token).walk(b, server.url, limit)
		if got != events {
			b.Errorf("%d events", got)
		}
		if peak := peakMemory(server.stop()); peak > most || peak == 0 {
			b.Errorf("the server held %d MiB at its peak", peak>>20)
		} else {
			b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
		}
	}
	b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds(), "events/s")
}
