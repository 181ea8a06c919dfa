package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/docusign-monitor/contract/sandbox"
)

const hecToken = "canary-8f1c44e0-hec-token"

// collector is a Splunk HTTP Event Collector that keeps what it takes, with indexer acknowledgement.
type collector struct {
	*httptest.Server

	mutex  sync.Mutex
	posts  int
	bad    string   // a request with an event that holds it is refused
	events []string // as they came
	meta   []map[string]any
	batch  int                                                          // the most events of a request
	post   func(n int, w http.ResponseWriter, index func()) (over bool) // what befalls the nth; nil: nothing
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if r.Header.Get("Authorization") != "Splunk "+hecToken {
		http.Error(w, `{"text":"Invalid token","code":4}`, http.StatusForbidden)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/ack") {
		var ask struct{ Acks []int }
		json.NewDecoder(r.Body).Decode(&ask)
		fmt.Fprintf(w, `{"acks":{"%d":true}}`, ask.Acks[0])
		return
	}
	c.posts++
	plain, err := gzip.NewReader(r.Body)
	if err != nil {
		panic(err)
	}
	body, err := io.ReadAll(plain)
	if err != nil {
		panic(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(body)), "\n") {
		if c.bad != "" && strings.Contains(line, c.bad) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"text":"Invalid data format","code":6,"invalid-event-number":%d}`, i)
			return
		}
	}
	index := func() { c.index(body) }
	if c.post == nil || !c.post(c.posts, w, index) {
		index()
		fmt.Fprintf(w, `{"text":"Success","code":0,"ackId":%d}`, c.posts)
	}
}

func (c *collector) index(body []byte) {
	n := 0
	for d := json.NewDecoder(bytes.NewReader(body)); d.More(); n++ {
		var envelope struct {
			Event json.RawMessage `json:"event"`
		}
		var raw json.RawMessage
		meta := map[string]any{}
		if err := d.Decode(&raw); err != nil {
			panic(err)
		}
		json.Unmarshal(raw, &envelope)
		json.Unmarshal(raw, &meta)
		delete(meta, "event")
		c.events, c.meta = append(c.events, string(envelope.Event)), append(c.meta, meta)
	}
	c.batch = max(c.batch, n)
}

// toSplunk are the arguments of a run to a collector.
func toSplunk(c *collector, more ...string) []string {
	return append([]string{"stream", "--to", "splunk:" + c.URL, "--splunk-index", "audit"}, more...)
}

func TestToSplunk(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{})
	c := newCollector(t)

	r := try(t, system{lookup: pointAt(server).with(env{splunkToken: hecToken}).lookup}, toSplunk(c)...)

	if r.status != 0 || r.stdout != "" || r.stderr != "" {
		t.Errorf("exit status %d, standard output %q, standard error %q", r.status, r.stdout, r.stderr)
	}
	if got := strings.Join(c.events, "\n") + "\n"; got != lines(server) {
		t.Errorf("Splunk has %d events, other ones than the %d served, or in another order", len(c.events), server.Len())
	}
	first := c.meta[0]
	if first["index"] != "audit" || first["sourcetype"] != "docusign:monitor" || first["source"] != "docusign:dataset" ||
		first["host"] != strings.TrimPrefix(server.URL(), "http://") || first["time"] == nil {
		t.Errorf("the envelope says %v", first)
	}
}

func TestSplunkUsage(t *testing.T) {
	folder := t.TempDir()
	notPEM := filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(notPEM, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	with := env{splunkToken: hecToken}
	const to = "splunk:https://splunk.example:8088"
	for name, test := range map[string]struct {
		environment env
		args        []string
		words       string
	}{
		"no token":          {env{}, []string{"--to", to}, "SPLUNK_HEC_TOKEN is missing"},
		"token of two":      {env{splunkToken: "a b"}, []string{"--to", to}, "SPLUNK_HEC_TOKEN has a character"},
		"no URL":            {with, []string{"--to", "splunk:"}, "--to splunk: the URL is not a URL"},
		"token in the URL":  {with, []string{"--to", "splunk:https://x:" + hecToken + "@splunk.example"}, "the token belongs in SPLUNK_HEC_TOKEN"},
		"plain HTTP":        {with, []string{"--to", "splunk:http://splunk.example"}, "readable on the way"},
		"endpoint":          {with, []string{"--to", to + "/services/collector/event"}, "leave out /services/collector"},
		"text":              {with, []string{"--to", to, "--format", "text"}, "--format text"},
		"no such CA":        {with, []string{"--to", to, "--splunk-ca", filepath.Join(folder, "none")}, "--splunk-ca"},
		"CA without any":    {with, []string{"--to", to, "--splunk-ca", notPEM}, "has no certificate in it"},
		"one file twice":    {with, []string{"--to", to, "--dead-letter", "x", "--checkpoint", "./x"}, "--dead-letter names a file"},
		"flag of no use":    {with, []string{"--splunk-index", "audit"}, "are for --to splunk:URL"},
		"dead letters of -": {with, []string{"--dead-letter", "x"}, "are for --to splunk:URL"},
	} {
		t.Run(name, func(t *testing.T) {
			r := try(t, system{lookup: test.environment.lookup}, append([]string{"stream"}, test.args...)...)
			checkComplaint(t, r, 2, 1, test.words)
			if strings.Contains(r.stderr, hecToken) {
				t.Errorf("the token is shown: %s", r.stderr)
			}
		})
	}
}

// What Splunk refuses for everybody ends the run with the position as it was, and no word of the token.
func TestSplunkRefuses(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{})
	c := newCollector(t)
	c.post = func(_ int, w http.ResponseWriter, _ func()) bool {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"text":"Incorrect index %s","code":7}`, hecToken)
		return true
	}
	file := filepath.Join(t.TempDir(), "position")

	r := try(t, system{lookup: pointAt(server).with(env{splunkToken: hecToken}).lookup}, toSplunk(c, "--checkpoint", file)...)

	checkComplaint(t, r, 1, 1, "index")
	if strings.Contains(r.stderr, hecToken) {
		t.Errorf("the token is shown: %s", r.stderr)
	}
	c.post = nil
	r = try(t, system{lookup: pointAt(server).with(env{splunkToken: hecToken}).lookup}, toSplunk(c, "--checkpoint", file)...)
	if got := strings.Join(c.events, "\n") + "\n"; r.status != 0 || got != lines(server) {
		t.Errorf("exit status %d, %d events of %d after the mending: %s", r.status, len(c.events), server.Len(), r.stderr)
	}
}

// A bad event is set aside and told of; the others arrive.
func TestSplunkDeadLetter(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Raw([]byte(`{"eventId":"a"}`), []byte(`{"eventId":"b"}`), []byte(`{"eventId":"c"}`))})
	c := newCollector(t)
	c.bad = `"b"`
	letters := filepath.Join(t.TempDir(), "letters.ndjson")

	r := try(t, system{lookup: pointAt(server).with(env{splunkToken: hecToken}).lookup}, toSplunk(c, "--dead-letter", letters)...)

	text, err := os.ReadFile(letters)
	if r.status != 0 || err != nil || !strings.Contains(string(text), `{"eventId":"b"}`) || strings.Count(string(text), "\n") != 1 {
		t.Errorf("exit status %d, %v, dead letters %q, standard error %s", r.status, err, text, r.stderr)
	}
	if !strings.Contains(r.stderr, "1 refused events are set aside in "+letters) {
		t.Errorf("the dead letter is not reported: %s", r.stderr)
	}
	got := strings.Join(c.events, " ")
	if !strings.Contains(got, `{"eventId":"a"}`) || !strings.Contains(got, `{"eventId":"c"}`) || strings.Contains(got, `"b"`) {
		t.Errorf("Splunk has %s", got)
	}
}
