package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"example.com/docusign-monitor/internal/doctor"
	"example.com/docusign-monitor/internal/settings"
)

const doctorHelp = `Examine what a client needs, one line a check, and say of what is wrong how to mend it: settings, private key,
network, clock, token, organizations, role, entitlement, the first page of both streams, and rate limits.

It only reads, and shows no event, no key and no token. Exit status: 0 if nothing fails, 1 if something does, 2 for
wrong usage. A warning (!) keeps no event from coming.`

// errUnwell ends an examination in which something failed. What it was has been said.
var errUnwell = errors.New("")

func newDoctor(sys system) *cobra.Command {
	asJSON := false
	name := choice{"", []string{"dataset", "organization"}}
	redirect := ""
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine settings, consent, role, entitlement and streams, and say how to mend them",
		Long:  doctorHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sheet := &sheet{to: sys.stdout}
			report := struct {
				Healthy bool           `json:"healthy"`
				Checks  []doctor.Check `json:"checks"`
			}{}
			tell := sheet.tell
			if asJSON {
				tell = func(c doctor.Check) { report.Checks = append(report.Checks, c) }
			}
			report.Healthy = doctor.Examine(cmd.Context(), doctor.Config{
				Settings:    func() (*settings.Settings, error) { return readSettings(cmd.Flags(), sys.lookup) },
				Stream:      name.value,
				RedirectURI: redirect,
				Now:         sys.now,
				Wait:        sys.wait,
				Stall:       sys.stall,
			}, tell)
			if asJSON {
				out := json.NewEncoder(sys.stdout)
				out.SetIndent("", "  ")
				out.SetEscapeHTML(false)
				sheet.err = ofOutput(out.Encode(report))
			}
			sheet.end()
			switch {
			case sheet.err != nil:
				return sheet.err
			case !report.Healthy:
				return errUnwell
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&asJSON, "json", false, "write one JSON object: healthy, and checks with name, result, detail, advice")
	f.Var(&name, "stream", "the stream that is to be read (default organization if one is given,\nelse dataset); the other one can only give a warning")
	f.StringVar(&redirect, "redirect-uri", "http://localhost", "a redirect `URI` of the integration key, for the page on which\nto consent")
	addSettings(f)
	return cmd
}

// marks are what the results look like.
var marks = map[doctor.Result]string{doctor.Pass: "✓", doctor.Warning: "!", doctor.Failure: "✗", doctor.Untried: "-"}

// sheet writes a line a check, and below it what to do. Checks in a row that wait for the same one share a line.
type sheet struct {
	to      io.Writer
	waiting []string // the names of the untried
	why     string
	err     error // of the first write that failed
}

func (s *sheet) tell(c doctor.Check) {
	if c.Result != doctor.Untried || c.Detail != s.why {
		s.end()
	}
	if c.Result == doctor.Untried && c.Advice == "" {
		s.waiting, s.why = append(s.waiting, c.Name), c.Detail
		return
	}
	s.line(c.Result, c.Name, c.Detail)
	first := "    → "
	for advice := range strings.Lines(c.Advice) {
		s.write(folded(first, "      ", printable(advice)))
		first = "      "
	}
}

// end writes what is untried.
func (s *sheet) end() {
	if len(s.waiting) > 0 {
		s.line(doctor.Untried, "not tried", strings.Join(s.waiting, ", ")+": "+s.why)
	}
	s.waiting, s.why = nil, ""
}

func (s *sheet) line(result doctor.Result, name, detail string) {
	s.write(folded(fmt.Sprintf("%s %-19s ", marks[result], name), strings.Repeat(" ", 22), printable(detail)))
}

func (s *sheet) write(lines string) {
	_, err := io.WriteString(s.to, lines+"\n")
	s.err = cmp.Or(s.err, ofOutput(err))
}
