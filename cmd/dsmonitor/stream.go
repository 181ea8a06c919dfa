package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/feed"
	"example.com/docusign-monitor/internal/metrics"
	"example.com/docusign-monitor/internal/progress"
	"example.com/docusign-monitor/internal/settings"
)

const streamHelp = `Bring the events of an organization to a destination, in the order of their ingestion, until caught up; with
--follow, go on.

Standard output carries events and nothing else. A page is delivered whole before the next one is asked for. With
--checkpoint the position is saved after each page, and the next run goes on from there: a file then has every
event exactly once, whatever ends a run. Without, a run that fails or is interrupted names the cursor to go on
from, and a destination has every event at least once.

Standard error tells how far a run has come: a bar if it is a terminal and the events go to a file or to Splunk,
else a log line a minute.

Exit status: 0 caught up, at --until, or interrupted; 1 for what a server says and what fails on the way;
2 for wrong usage and settings.`

const settingsHelp = `
Settings, each by its flag or else by its variable of the environment:
%sThe key itself may stand in ` + settings.PrivateKey + ` instead of a file. It has no flag, which others could see.
`

// stream is the command of that name.
type stream struct {
	system
	flags *pflag.FlagSet

	sandbox      bool
	name         choice
	since, until moment
	cursor       string
	limit        int
	format       choice
	follow       bool
	interval     time.Duration
	duplicates   choice
	to           string
	checkpoint   string
	logLevel     choice
	logFormat    choice
	metricsAt    string
	splunkIndex  string
	splunkCA     string
	splunkAck    bool
	deadLetter   string
	readFrom     string // the host of the stream
	reads        string // the name of the stream

	watched   bool // standard error is a terminal
	progress  *progress.Progress
	observers feed.Observers   // of what happens
	metrics   *metrics.Metrics // nil without --metrics
}

func newStream(sys system) *cobra.Command {
	s := &stream{
		system:     sys,
		name:       choice{"", []string{"dataset", "organization"}},
		since:      moment{now: sys.now},
		until:      moment{now: sys.now},
		format:     choice{"", []string{"json", "text"}},
		duplicates: choice{"", []string{"keep", "drop"}},
		logLevel:   choice{"warn", []string{"debug", "info", "warn", "error"}},
		logFormat:  choice{"text", []string{"json", "text"}},
	}
	cmd := &cobra.Command{
		Use:   "stream",
		Short: "Deliver events, oldest first, until caught up or for ever",
		Long:  streamHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context()) },
	}

	f := cmd.Flags()
	s.flags = f
	f.SortFlags = false
	f.BoolVar(&s.sandbox, "sandbox", false, "read an embedded sandbox of 1,000 events; needs no settings")
	f.Var(&s.name, "stream", "what to read (default organization if one is given, else dataset);\nthe user's only organization is looked up if none is given")
	f.Var(&s.since, "since", "begin there: 2026-01-02T15:04:05Z, a date (in UTC), or a duration before\nnow (36h); the first events may be a little older (default seven days ago)")
	f.Var(&s.until, "until", "leave out what happened then or later, and stop once all that is older\nmust have come; the same forms as --since")
	f.StringVar(&s.cursor, "cursor", "", "go on from a `CURSOR` that an earlier run named")
	f.IntVar(&s.limit, "limit", api.MaxLimit, "the most events in a page, `N` of 1 to 2000")
	f.BoolVar(&s.follow, "follow", false, "once caught up, go on for ever: ask again after every --interval")
	f.DurationVar(&s.interval, "interval", api.PollInterval, "how long to wait once caught up, `D` of 1m or more")
	f.StringVar(&s.to, "to", "-", "where events go, a `DEST`: - is standard output; file:PATH is a file, in whose\nname %Y, %m, %d and %H are those of the delivery (UTC); splunk:URL is an HTTP\nEvent Collector, whose token is in SPLUNK_HEC_TOKEN")
	f.StringVar(&s.splunkIndex, "splunk-index", "", "the `INDEX` that Splunk puts events into (default that of the token)")
	f.StringVar(&s.splunkCA, "splunk-ca", "", "trust the certificates (PEM) of a `FILE` too")
	f.BoolVar(&s.splunkAck, "splunk-ack", true, "go on once Splunk has indexed, by indexer acknowledgement; with =false once it\nhas taken, so that an outage of Splunk can lose events")
	f.StringVar(&s.deadLetter, "dead-letter", "", "set events that Splunk refuses for good aside in a `FILE` and go on; without,\nsuch an event ends the run")
	f.StringVar(&s.checkpoint, "checkpoint", "", "keep the position in a `FILE` and go on from there; if it exists, --since\nand --cursor are ignored")
	f.Var(&s.duplicates, "duplicates", "what to do with an event whose id and bytes equal one of the last\n1,000 of earlier pages (default drop with --checkpoint, else keep)")
	f.Var(&s.format, "format", "the received bytes, one JSON object a line, or readable columns\n(default text on a terminal, json elsewhere)")
	f.StringVar(&s.metricsAt, "metrics", "", "show metrics to Prometheus at an `ADDR`, such as 127.0.0.1:9464, beside\n/healthz and /readyz; who reaches it needs no password")
	f.Var(&s.logLevel, "log-level", "what to tell on standard error; without the flag, of the failures that\nare tried again only those that are waited for 10 s or longer")
	f.Var(&s.logFormat, "log-format", "how to tell it")
	addSettings(f)
	return cmd
}

// addSettings gives each setting that is no secret a flag.
func addSettings(f *pflag.FlagSet) {
	for _, s := range []struct{ flag, variable, usage string }{
		{"integration-key", settings.IntegrationKey, "the integration key that asks, a `GUID`"},
		{"user-id", settings.UserID, "the user on whose behalf it asks, a `GUID`"},
		{"private-key-file", settings.PrivateKeyFile, "`FILE` of the integration key's RSA private key (PEM)"},
		{"environment", settings.Environment, "`demo|production` (default demo)"},
		{"organization-id", settings.OrganizationID, "the organization whose stream to read, a `GUID`"},
		{"auth-url", settings.AuthURL, "`URL` of the account server (default the environment's)"},
		{"monitor-url", settings.MonitorURL, "`URL` of the stream's server (default the environment's)"},
		{"audience", settings.Audience, "`HOST` that an assertion is for (default the account server)"},
	} {
		f.String(s.flag, "", s.usage+"\n"+s.variable)
		f.SetAnnotation(s.flag, settingFlag, []string{s.variable})
	}
}

func (s *stream) run(ctx context.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	s.progress = progress.New(s.now, s.until.Time)
	defer s.show(s.progress)()
	if s.metricsAt != "" {
		s.metrics = metrics.New(s.now, s.interval)
		s.observers = append(s.observers, s.metrics)
	}
	open, err := s.destination()
	if err != nil {
		return err
	}
	from, err := s.settings()
	if err != nil {
		return err
	}
	if s.sandbox {
		embedded, err := sandbox.New(sandbox.Config{Clock: s.now})
		if err != nil {
			return err
		}
		defer embedded.Close()
		s.say(fmt.Sprintf("the sandbox holds %d events", embedded.Len()))
		from = sandboxSettings(embedded)
	}
	s.readFrom, s.reads = s.host(from), "dataset"
	if s.organization(from) {
		s.reads = "organization"
	}
	if s.interval < api.PollInterval && !isLoopback(s.readFrom) {
		return misused("--interval is less than the %v that Docusign asks for", api.PollInterval)
	}
	if s.metrics != nil {
		stop, err := s.serve(s.metrics)
		if err != nil {
			return fmt.Errorf("--metrics: %w", err)
		}
		defer stop()
	}
	if s.follow {
		s.observers = append(s.observers, &daily{log: s.reports(), now: s.now, said: s.now()})
	}
	client, owner, err := s.client(ctx, from)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	return s.deliver(ctx, client, owner, open)
}

// check finds what is wrong with the flags, each by itself or together.
func (s *stream) check() error {
	switch given := s.flags.Changed; {
	case s.limit < 1 || s.limit > api.MaxLimit:
		return misused("--limit is not between 1 and %d", api.MaxLimit)
	case given("cursor") && s.cursor == "":
		return misused("--cursor is empty; give a cursor, or leave it out to begin seven days ago")
	case given("since") && given("cursor"):
		return misused("--since and --cursor both say where to begin; give one of them")
	case given("checkpoint") && s.checkpoint == "":
		return misused("--checkpoint is empty; name a file, or leave it out")
	case given("checkpoint") && s.sandbox:
		return misused("--checkpoint has no use with --sandbox, whose events end with the run; start dsmonitor sandbox instead")
	case given("metrics") && !isAddress(s.metricsAt):
		return misused("--metrics is no address; give HOST:PORT, such as 127.0.0.1:9464, or :PORT for all interfaces")
	case !strings.HasPrefix(s.to, "splunk:") && slices.ContainsFunc(splunkFlags, given):
		return misused("--splunk-index, --splunk-ca, --splunk-ack and --dead-letter are for --to splunk:URL")
	case given("interval") && !s.follow:
		return misused("--interval is for --follow; give both or neither")
	case s.interval <= 0:
		return misused("--interval is not more than nothing")
	case s.since.After(s.now()):
		return misused("--since lies in the future; give a time that has come")
	case given("since") && given("until") && !s.until.After(s.since.Time):
		return misused("--until is not after --since, so there is nothing between them")
	}
	return nil
}
