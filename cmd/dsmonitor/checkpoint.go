package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"example.com/docusign-monitor/internal/checkpoint"
)

// defaultStart is how far back a stream begins that is not told where, by its documentation.
const defaultStart = 7 * 24 * time.Hour

// resume is where the run begins: where the checkpoint stands, or, if there is none, where the flags say, as a time that
// does not move from start to start.
func (s *stream) resume(file *checkpoint.File, owner checkpoint.Owner) (checkpoint.State, error) {
	kind, _, _ := strings.Cut(s.to, ":")
	state, err := file.Load()
	if err != nil {
		return checkpoint.State{}, err
	}
	if state == nil {
		state = &checkpoint.State{Owner: owner, Cursor: s.cursor, Salt: make([]byte, 16)}
		rand.Read(state.Salt)
		if s.cursor == "" {
			since := s.since.Time
			if since.IsZero() {
				since = s.now().Add(-defaultStart)
			}
			state.Since = since.UTC().Truncate(time.Second)
		}
	}
	switch {
	case state.Owner != owner:
		return *state, fmt.Errorf("checkpoint %s belongs to %s, and this run reads %s; give each stream a checkpoint of its own", s.checkpoint, state.Owner, owner)
	case state.Destination != "" && state.Destination != kind:
		return *state, fmt.Errorf("checkpoint %s belongs to --to %s, and this run delivers to %s; give each destination a checkpoint of its own, "+
			"or take it over by dsmonitor checkpoint set --new-destination", s.checkpoint, state.Destination, kind)
	}
	state.Destination = kind
	for _, flag := range []string{"since", "cursor"} {
		if s.flags.Changed(flag) && !state.Saved.IsZero() {
			s.say(fmt.Sprintf("the run goes on from checkpoint %s; --%s is ignored", s.checkpoint, flag))
		}
	}
	return *state, nil
}

const checkpointHelp = `Look at a saved position, or move it. A checkpoint is made and kept by dsmonitor stream --checkpoint FILE; while
one is in use it is not changed.`

func newCheckpoint(sys system) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Show, move or forget a saved position",
		Long:  checkpointHelp,
		Args:  noSuchCommand,
		RunE:  never,
	}
	cmd.AddCommand(newCheckpointShow(sys), newCheckpointSet(sys), newCheckpointReset(sys))
	return cmd
}

func newCheckpointShow(sys system) *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE",
		Short: "Show what a checkpoint belongs to, where it stands, and since when",
		Args:  oneFile,
		RunE: func(_ *cobra.Command, args []string) error {
			state, err := readCheckpoint(args[0])
			if err != nil {
				return err
			}
			return show(sys.stdout, state)
		},
	}
}

func show(to io.Writer, s *checkpoint.State) error {
	at := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	position := "cursor " + s.Cursor
	if s.Cursor == "" {
		position = "since " + at(s.Since)
	}
	if s.Part.Events > 0 {
		position += fmt.Sprintf(", and %s of the page there", count(s.Part.Events, "event"))
	}
	rows := [][2]string{
		{"stream", s.Stream}, {"host", s.Host}, {"organization", cmp.Or(s.Organization, "-")}, {"position", position},
		{"newest event", at(s.Newest)}, {"destination", cmp.Or(s.Destination, "-")},
	}
	var sink struct {
		Path   string
		Length int64
	}
	if json.Unmarshal(s.Sink, &sink) == nil && sink.Path != "" {
		rows = append(rows, [2]string{"file", sink.Path}, [2]string{"file length", fmt.Sprintf("%d bytes", sink.Length)})
	}
	rows = append(rows, [2]string{"saved", at(s.Saved)})

	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(table, "%s\t%s\n", row[0], printable(row[1]))
	}
	return ofOutput(table.Flush())
}

func newCheckpointSet(sys system) *cobra.Command {
	since, cursor, newDestination := moment{now: sys.now}, "", false
	cmd := &cobra.Command{
		Use:   "set FILE",
		Short: "Move a checkpoint to a cursor or a time, or take it to another destination",
		Long: `Move a checkpoint to a cursor or a time. What is remembered to tell repeated events stays, so events that are asked for
anew are delivered again only if they are not among the last 1,000 delivered; --new-destination forgets that too.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			given := cmd.Flags().Changed
			switch {
			case given("since") && given("cursor"):
				return misused("--since and --cursor both say where to go on; give one of them")
			case given("cursor") && cursor == "":
				return misused("--cursor is empty; give a cursor, or a time by --since")
			case !given("since") && !given("cursor") && !newDestination:
				return misused("nothing is to be set; give --since, --cursor or --new-destination")
			case since.After(sys.now()):
				return misused("--since lies in the future; give a time that has come")
			}
			return sys.change(cmd.Context(), args[0], func(file *checkpoint.File, state *checkpoint.State) error {
				if given("since") || given("cursor") {
					state.Cursor, state.Since, state.Part = cursor, since.UTC().Truncate(time.Second), checkpoint.Part{}
				}
				if newDestination {
					// What has been delivered, the new one does not have.
					state.Destination, state.Sink, state.Recent, state.Part = "", nil, nil, checkpoint.Part{}
				}
				state.Saved = sys.now().UTC()
				if err := file.Save(*state); err != nil {
					return err
				}
				return show(sys.stdout, state)
			})
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&cursor, "cursor", "", "go on from a `CURSOR`")
	f.Var(&since, "since", "go on from a time: 2026-01-02T15:04:05Z, a date (in UTC), or a duration before now")
	f.BoolVar(&newDestination, "new-destination", false, "let the next run deliver elsewhere, and append to a file as it finds it")
	return cmd
}

func newCheckpointReset(sys system) *cobra.Command {
	return &cobra.Command{
		Use:   "reset FILE",
		Short: "Forget a position",
		Args:  oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return sys.change(cmd.Context(), args[0], func(file *checkpoint.File, state *checkpoint.State) error {
				if err := file.Remove(); err != nil {
					return err
				}
				sys.say(fmt.Sprintf("checkpoint %s of %s is removed; the next run with it begins seven days back, or at its --since or --cursor, "+
					"and may deliver events again", args[0], state.Owner))
				return nil
			})
		},
	}
}

// oneFile are the Args of a command on a checkpoint.
func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return errors.New("give one checkpoint FILE")
	}
	return nil
}

// change locks a checkpoint, and hands it over if it is one.
func (s system) change(ctx context.Context, name string, do func(*checkpoint.File, *checkpoint.State) error) error {
	if _, err := readCheckpoint(name); err != nil { // before a lock is made beside what is none
		return err
	}
	file, err := checkpoint.Open(ctx, name, s.pause)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer file.Close()
	state, err := file.Load()
	if err != nil || state == nil {
		return cmp.Or(err, missing(name))
	}
	return do(file, state)
}

func readCheckpoint(name string) (*checkpoint.State, error) {
	state, err := checkpoint.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		err = missing(name)
	}
	return state, err
}

func missing(name string) error {
	return fmt.Errorf("there is no checkpoint %s; dsmonitor stream --checkpoint makes one", name)
}
