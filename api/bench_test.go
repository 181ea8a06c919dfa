package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/gen/dataset"
)

// The benchmarks drain pages of 1,000 events of 1.2 KB from a server in another process. What is compared is measured in
// one run, in turns, since the machines are noisy. BENCHMARKS.md has the figures.
const (
	benchEvents = 1000
	benchServer = "DOCUSIGN_MONITOR_BENCH_SERVER"
)

// serveBench is the other process: it serves pages without an end, and prints where.
func serveBench() {
	events := make([]string, benchEvents)
	for i := range events {
		events[i] = fmt.Sprintf(`{"timestamp":"2026-02-03T07:08:09.%07dZ","eventId":"5e78454d-f065-41c2-b4cc-%012d","site":"DEMO",`, i, i) +
			`"accountId":"0ff9bb51-0944-4e0c-bdfb-369bab13dfae","organizationId":"","userId":"6fced11d-2bd8-41e6-b47a-8387cdde8d51","userAgent":"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0","userAgentClientInfo":{"browser":{"family":"Firefox","version":{"major":"133","minor":"0","patch":"0"}},"device":{"family":"Other","brand":"","model":""},"os":{"family":"Ubuntu","version":{"major":"24"}}},"ipAddress":"203.0.113.17","ipAddressLocation":{"latitude":64.15,"longitude":-21.94,"country":"iceland","state":"capital region","city":"reykjavik"},"object":"Envelope","action":"Created","property":"","field":"","result":"","source":"Web","referencedUserId":"","proxyStatus":"","proxyType":"","proxyLevel":"","latitude":64.15,"longitude":-21.94,"city":"reykjavik","state":"capital region","country":"iceland","device":"Other","browser":"Firefox 133","os":"Ubuntu 24","affectedUserId":"","data":{"EnvelopeId":"2330fcf1-562a-44b8-b866-8d77e827062c"}}`
	}
	pages := [2][]byte{}
	for i := range pages {
		pages[i] = fmt.Appendf(nil, `{"endCursor":"aa_638000000000000000_638000000000000000_%d","data":[%s]}`, i, strings.Join(events, ","))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := pages[0]
		if strings.HasSuffix(r.URL.Query().Get("cursor"), "_0") {
			page = pages[1]
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(page)))
		w.Write(page)
	}))
	fmt.Println(server.URL)
	io.Copy(io.Discard, os.Stdin) // until the parent is gone
}

// benchURL starts the other process and returns its address.
func benchURL(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), benchServer+"=1")
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
	b.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(url)
}

// benchDrains are the ways to take a page, each with its state. The last answer's cursor is sent in turn, so that no
// drain is at its end.
func benchDrains(b *testing.B, url string) (raw, wrapper, generated func()) {
	b.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"})
	client, err := api.New(api.Environment{DatasetURL: url}, source, api.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		b.Fatal(err)
	}
	plain, err := dataset.NewClientWithResponses(url)
	if err != nil {
		b.Fatal(err)
	}
	limit := int32(benchEvents)

	buffer := make([]byte, 2<<20)
	raw = func() {
		req, err := dataset.NewGetStreamRequest(url+"/", dataset.Version20, dataset.Monitor, &dataset.GetStreamParams{Limit: &limit})
		if err != nil {
			b.Fatal(err)
		}
		res, err := transport.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.ReadFull(res.Body, buffer[:res.ContentLength]); err != nil {
			b.Fatal(err)
		}
	}
	cursor := api.Cursor("")
	wrapper = func() {
		page, err := client.Page(b.Context(), api.Query{Cursor: cursor, Limit: benchEvents})
		if err != nil {
			b.Fatal(err)
		}
		if len(page.Events) != benchEvents || page.CaughtUp {
			b.Fatalf("%d events, caught up: %v", len(page.Events), page.CaughtUp)
		}
		cursor = page.Next
	}
	generated = func() {
		page, err := plain.GetStreamWithResponse(b.Context(), dataset.Version20, dataset.Monitor, &dataset.GetStreamParams{Limit: &limit})
		if err != nil {
			b.Fatal(err)
		}
		if len(page.JSON200.Data) != benchEvents {
			b.Fatalf("%d events", len(page.JSON200.Data))
		}
	}
	return raw, wrapper, generated
}

func BenchmarkPage(b *testing.B) {
	raw, wrapper, generated := benchDrains(b, benchURL(b))
	for _, way := range []struct {
		name string
		take func()
	}{{"raw", raw}, {"api", wrapper}, {"generated", generated}} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				way.take()
			}
			b.ReportMetric(float64(b.N)*benchEvents/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkOfRaw takes a page by a raw copy and in another way in turn, and reports the speed of that way against the
// copy. Each way has a run of its own, lest one pays for the garbage of another.
func BenchmarkOfRaw(b *testing.B) {
	raw, wrapper, generated := benchDrains(b, benchURL(b))
	for _, way := range []struct {
		name string
		take func()
	}{{"api", wrapper}, {"generated", generated}} {
		b.Run(way.name, func(b *testing.B) {
			var copied, taken time.Duration
			for b.Loop() {
				begun := time.Now()
				raw()
				between := time.Now()
				way.take()
				copied += between.Sub(begun)
				taken += time.Since(between)
			}
			b.ReportMetric(copied.Seconds()/taken.Seconds(), "of-raw")
		})
	}
}

// BenchmarkMillion drains a million events and reports the most memory that the process held from the system.
func BenchmarkMillion(b *testing.B) {
	_, wrapper, _ := benchDrains(b, benchURL(b))
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	peak := uint64(0)
	for b.Loop() {
		for range 1_000_000 / benchEvents {
			wrapper()
			metrics.Read(samples)
			peak = max(peak, samples[0].Value.Uint64()-samples[1].Value.Uint64())
		}
	}
	b.ReportMetric(float64(peak)/1e6, "peak-MB")
	b.ReportMetric(float64(b.N)*1e6/b.Elapsed().Seconds(), "events/s")
}
