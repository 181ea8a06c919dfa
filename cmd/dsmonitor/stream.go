package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/settings"
)

const streamHelp = `Write the events of an organization to standard output, in the order of their ingestion, until caught up.

Standard output carries events and nothing else. A page is written whole before the next one is asked for, so
whoever reads has every event at least once. A run that fails or is interrupted names the cursor to go on from.

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
	logLevel     choice
	logFormat    choice
}

func newStream(sys system) *cobra.Command {
	s := &stream{
		system:    sys,
		name:      choice{"", []string{"dataset", "organization"}},
		since:     moment{now: sys.now},
		until:     moment{now: sys.now},
		format:    choice{"", []string{"json", "text"}},
		logLevel:  choice{"warn", []string{"debug", "info", "warn", "error"}},
		logFormat: choice{"text", []string{"json", "text"}},
	}
	cmd := &cobra.Command{
		Use:   "stream",
		Short: "Write events, oldest first, until caught up",
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
	f.Var(&s.format, "format", "the received bytes, one JSON object a line, or readable columns\n(default text on a terminal, json elsewhere)")
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
	client, err := s.client(ctx, from)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	return s.walk(ctx, client)
}

// client is one for the stream that is asked for.
func (s *stream) client(ctx context.Context, from *settings.Settings) (*api.Client, error) {
	log, retry := api.WithLogger(s.logger()), api.WithRetry(api.Retry{Wait: s.wait})
	client, err := api.New(from.Environment, from.Grant.TokenSource(), log, retry)
	if err != nil {
		return nil, usageError{err}
	}
	id := from.OrganizationID
	switch {
	case s.name.value == "dataset", s.name.value == "" && id == "":
		return client, nil
	case id == "":
		if id, err = onlyOrganization(ctx, client); err != nil {
			return nil, err
		}
	}
	return api.New(from.Environment, from.Grant.TokenSource(), log, retry, api.WithOrganization(id))
}

// onlyOrganization looks up the organization of the user. Of several, a person has to choose.
func onlyOrganization(ctx context.Context, client *api.Client) (id string, err error) {
	const advice = "; give the one to read by --organization-id"
	organizations, err := client.Organizations(ctx)
	switch {
	case err != nil:
		return "", err
	case len(organizations) == 0:
		return "", errors.New("no account of the user names an organization" + advice)
	case len(organizations) > 1:
		var ids []string
		for _, organization := range organizations {
			ids = append(ids, organization.ID)
		}
		return "", fmt.Errorf("the user belongs to %d organizations%s: %s", len(ids), advice, strings.Join(ids, ", "))
	}
	return organizations[0].ID, nil
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
	case s.since.After(s.now()):
		return misused("--since lies in the future; give a time that has come")
	case given("since") && given("until") && !s.until.After(s.since.Time):
		return misused("--until is not after --since, so there is nothing between them")
	}
	return nil
}

// settings reads the settings from the flags first and then from the environment; nil for the embedded sandbox, which
// brings its own.
func (s *stream) settings() (*settings.Settings, error) {
	given := map[string]string{} // variable to flag
	s.flags.Visit(func(f *pflag.Flag) {
		if variable := f.Annotations[settingFlag]; variable != nil {
			given[variable[0]] = f.Name
		}
	})
	if s.sandbox {
		if len(given) > 0 {
			return nil, misused("--sandbox brings its own settings; leave out --%s",
				strings.Join(slices.Sorted(maps.Values(given)), " and --"))
		}
		return nil, nil
	}

	found, err := settings.Read(func(variable string) (string, bool) {
		flag, ok := given[variable]
		switch {
		case ok:
			return s.flags.Lookup(flag).Value.String(), true
		case variable == settings.PrivateKey && given[settings.PrivateKeyFile] != "":
			return "", false // two variables for one setting: the flag goes before both
		}
		return s.lookup(variable)
	})
	var problems settings.Problems
	if errors.As(err, &problems) {
		for i, problem := range problems {
			if flag, ok := given[problem.Variable]; ok {
				problems[i].Variable = "--" + flag
			}
		}
	}
	if err != nil {
		return nil, usageError{err}
	}
	return found, nil
}

func sandboxSettings(server *sandbox.Server) *settings.Settings {
	who := server.Credentials()
	environment := api.Environment{AuthURL: server.URL(), DatasetURL: server.URL(), OrganizationURL: server.URL()}
	return &settings.Settings{
		Environment: environment,
		Grant: api.JWTGrant{
			IntegrationKey: who.IntegrationKey,
			UserID:         who.UserID,
			PrivateKey:     who.PrivateKey,
			Environment:    environment,
		},
	}
}

// logger writes to standard error. By default it is silent about failures that hardly cost time: if they last, the error
// that ends the run says so.
func (s *stream) logger() *slog.Logger {
	var level slog.Level
	level.UnmarshalText([]byte(s.logLevel.value)) // the flag takes nothing else
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewTextHandler(s.stderr, options)
	if s.logFormat.value == "json" {
		handler = slog.NewJSONHandler(s.stderr, options)
	}
	if !s.flags.Changed("log-level") {
		handler = longWaits{handler}
	}
	return slog.New(handler)
}

// longWaits passes on what is waited for so long that somebody may wonder.
type longWaits struct{ slog.Handler }

func (h longWaits) Handle(ctx context.Context, r slog.Record) error {
	wonder := r.Level > slog.LevelWarn
	r.Attrs(func(a slog.Attr) bool {
		wonder = wonder || a.Key == "wait" && a.Value.Kind() == slog.KindDuration && a.Value.Duration() >= 10*time.Second
		return !wonder
	})
	if !wonder {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// walk writes page by page. The end of ctx is no error.
func (s *stream) walk(ctx context.Context, client *api.Client) error {
	done := progress{begun: s.now(), until: s.until.Time, dated: !s.since.IsZero(), final: s.sandbox}
	query := api.Query{Cursor: api.Cursor(s.cursor), Since: s.since.Time, Limit: s.limit}
	var (
		format = s.formatter()
		lines  []byte
	)
	for page, err := range client.Pages(ctx, query) {
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return done.failed(err)
		}
		events := done.clip(page.Events)
		lines = format(lines[:0], events)
		if len(lines) > 0 {
			if _, err := s.stdout.Write(lines); readerGone(err) {
				return nil
			} else if err != nil {
				return done.failed(fmt.Errorf("standard output: %w", err))
			}
		}
		done.page(page, len(events))
		if done.passed {
			break
		}
	}
	s.conclude(done, ctx.Err() != nil)
	return nil
}

func (s *stream) formatter() format {
	if s.format.value == "text" || s.format.value == "" && isTerminal(s.stdout) {
		return newTable().append
	}
	return appendJSON
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// conclude says on standard error what the run came to: if somebody watches, if it is logged, or if there is more to do.
func (s *stream) conclude(done progress, interrupted bool) {
	took := s.now().Sub(done.begun).Round(time.Millisecond)
	how := "not caught up"
	switch {
	case done.caughtUp:
		how = "caught up"
	case done.passed:
		how = "everything before --until has come"
	case interrupted:
		how = "interrupted"
	}
	unfinished := interrupted && !done.caughtUp && done.pages > 0
	switch log := s.logger(); {
	case log.Enabled(context.Background(), slog.LevelInfo):
		log.Info(how, slog.Int("events", done.events), slog.Int("pages", done.pages), slog.Duration("after", took),
			slog.String("cursor", string(done.next)))
	case isTerminal(s.stderr) || unfinished:
		s.say(fmt.Sprintf("%s: %s in %s, %v%s", how, count(done.events, "event"), count(done.pages, "page"), took, done.goOn()))
	}
	if warning := done.stale(s.since.Time, s.now()); warning != "" {
		s.say(warning)
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
