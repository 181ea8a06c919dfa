package sandbox_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"example.com/docusign-monitor/contract/sandbox"
)

// The benchmarks ask a sandbox in another process. What is compared is measured in one run, in turns, since the machines
// are noisy. BENCHMARKS.md has the figures.
const (
	benchEvents  = 10_000_000
	benchProcess = "DOCUSIGN_SANDBOX_BENCH"
)

// TestMain is the other process, if it is asked to be.
func TestMain(m *testing.M) {
	if os.Getenv(benchProcess) != "" {
		serveBench()
		return
	}
	os.Exit(m.Run())
}

// serveBench serves a sandbox, and the bytes of one of its pages by a handler that does nothing else. It prints a line with
// the address of the sandbox, a token and the address of the handler, and at the end the most bytes that it held from the
// system while it served.
func serveBench() {
	var peak atomic.Uint64
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	s, err := sandbox.New(sandbox.Config{
		Events: sandbox.Generate(benchEvents, 1),
		OnRequest: func(sandbox.Request) {
			metrics.Read(samples) // the client asks for one page at a time
			peak.Store(max(peak.Load(), samples[0].Value.Uint64()-samples[1].Value.Uint64()))
		},
	})
	if err != nil {
		panic(err)
	}
	defer s.Close()

	token := s.AuthorizationCodeToken(0)
	page, err := fetch(newTransport(), s.URL()+datasetPath, token)
	if err != nil {
		panic(err)
	}
	page = bytes.Clone(page)
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(page)))
		w.Write(page)
	}))
	defer bare.Close()

	fmt.Println(s.URL(), token, bare.URL)
	io.Copy(io.Discard, os.Stdin) // until the parent wants no more
	fmt.Println(peak.Load())
}

const datasetPath = "/api/v2.0/datasets/monitor/stream"

// newTransport is one that does not ask for gzip, which would be measured in place of the sandbox.
func newTransport() *http.Transport { return &http.Transport{DisableCompression: true} }

// fetchBuffer is what the bodies are read into, one after the other, lest the client's own memory is measured.
var fetchBuffer = make([]byte, 4<<20)

// fetch returns the body of a good answer. It is good until the next one.
func fetch(transport http.RoundTripper, url, token string) ([]byte, error) {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", res.StatusCode)
	}
	body := fetchBuffer[:res.ContentLength]
	_, err = io.ReadFull(res.Body, body)
	return body, err
}

// other is the other process.
type other struct {
	sandbox, token, bare string
	transport            *http.Transport
	stop                 func() (peak float64) // ends it, and returns the most bytes that it held
}

func startOther(b *testing.B) other {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), benchProcess+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	stdout := bufio.NewReader(pipe)
	o := other{transport: newTransport()}
	if _, err := fmt.Fscan(stdout, &o.sandbox, &o.token, &o.bare); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		o.transport.CloseIdleConnections()
		stdin.Close()
		cmd.Wait()
	})
	o.stop = func() (peak float64) {
		stdin.Close()
		if _, err := fmt.Fscan(stdout, &peak); err != nil {
			b.Fatal(err)
		}
		return peak
	}
	return o
}

// BenchmarkOfBare takes a page of 1,000 events from the sandbox, and the same bytes from a handler that holds them, in
// turn, and reports how many requests the one answers for each of the other.
func BenchmarkOfBare(b *testing.B) {
	o := startOther(b)
	var imitated, bare time.Duration
	for b.Loop() {
		begun := time.Now()
		one, err := fetch(o.transport, o.sandbox+datasetPath, o.token)
		between := time.Now()
		if err != nil {
			b.Fatal(err)
		}
		n := len(one)
		same, err := fetch(o.transport, o.bare, o.token)
		if err != nil {
			b.Fatal(err)
		}
		imitated += between.Sub(begun)
		bare += time.Since(between)
		if n != len(same) {
			b.Fatalf("pages of %d and %d bytes", n, len(same))
		}
	}
	b.ReportMetric(bare.Seconds()/imitated.Seconds(), "of-bare")
	b.ReportMetric(float64(b.N)/imitated.Seconds(), "requests/s")
	b.ReportMetric(float64(b.N)/bare.Seconds(), "bare-requests/s")
}

// BenchmarkTenMillion drains ten million events, and reports the most memory that the server held from the system.
func BenchmarkTenMillion(b *testing.B) {
	o := startOther(b)
	for b.Loop() {
		events := readAll(b, o.transport, o.sandbox, o.token)
		if events != benchEvents {
			b.Fatalf("%d events, want %d", events, benchEvents)
		}
	}
	b.ReportMetric(float64(b.N)*benchEvents/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(o.stop()/1e6, "peak-MB")
}

// readAll takes all pages of the dataset stream, and returns how many events they hold.
func readAll(t testing.TB, transport http.RoundTripper, url, token string) (events int) {
	t.Helper()
	cursor, next := "", "2021-01-01"
	for next != cursor {
		cursor = next
		page, err := fetch(transport, url+datasetPath+"?limit=2000&cursor="+cursor, token)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := bytes.Cut(page, []byte(`{"endCursor":"`))
		text, _, _ := bytes.Cut(rest, []byte(`"`))
		next = string(text)
		events += bytes.Count(page, []byte(`"eventId":"`))
	}
	return events
}
