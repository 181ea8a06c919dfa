// Command update takes a new version of a document in: it shows the drift, and replaces the document and all that is made
// from it, if all of that works.
//
//	update [-stream dataset|organization] SPEC
//	update -watch [-stream dataset|organization] SPEC
//	update -restore
//
// SPEC is a path or an http or https URL: OpenAPI 3.0 or 3.1, JSON or YAML, or Swagger 2.0, which is converted. The first
// form works in a copy of the module, build/update/tree, step by step: replace, prepare, validate, generate, build,
// guide, contract. Whatever fails there leaves the module as it was. What has changed is then put in place, after the old files
// have been put aside; a run that is killed between the two files is undone by the next run, or by -restore.
//
// The second form fails if the document differs from the one that is here in anything but white space.
//
// Exit status: 0 done, or nothing to do; 1 not.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/term"

	"example.com/docusign-monitor/spec/internal/document"
	"example.com/docusign-monitor/spec/internal/drift"
	"example.com/docusign-monitor/spec/internal/module"
)

const usage = `usage: update [-stream dataset|organization] SPEC          takes a new document, path or URL
       update -watch [-stream dataset|organization] SPEC   fails if it differs from the one that is here
       update -restore                                     undoes an update that was killed while it put files in place
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	u := updater{
		stdout:  os.Stdout,
		colour:  term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == "",
		exec:    execute,
		at:      func(string) {},
		compare: showDrift,
	}
	err := u.run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "update:", err)
		os.Exit(1)
	}
}

// updater is one run. What it asks of the world can be replaced in tests.
type updater struct {
	root    string
	stdout  io.Writer
	colour  bool
	exec    func(ctx context.Context, folder string, args ...string) (output []byte, err error)
	at      func(point string) // called where a run may be killed
	compare func(ctx context.Context, u *updater, t target, here []byte, source string, d *document.Document) (*drift.Report, error)
}

// execute runs a command in a folder and returns all that it writes.
func execute(ctx context.Context, folder string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Dir = folder
	return command.CombinedOutput()
}

func (u *updater) run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("update", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	stream := flags.String("stream", string(document.Dataset), "")
	watch := flags.Bool("watch", false, "")
	restore := flags.Bool("restore", false, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(u.stdout, usage)
		return err
	case err != nil:
		return fmt.Errorf("%w; update -h shows the usage", err)
	}
	if u.root == "" {
		root, err := module.Root()
		if err != nil {
			return err
		}
		u.root = root
	}
	if !*watch {
		undone, err := undo(u.root)
		if err != nil {
			return fmt.Errorf("an earlier update was killed while it put files in place, and cannot be undone: %w; git checkout spec gen README.md CHANGELOG.md goes back to what is committed", err)
		}
		if undone {
			u.say("an earlier update was killed while it put files in place; the old state has been restored")
		}
		if *restore {
			if !undone {
				u.say("there is nothing to restore")
			}
			return nil
		}
	}
	target, known := targets[document.Stream(*stream)]
	switch {
	case !known:
		return fmt.Errorf("there is no stream %.40q; -stream takes dataset or organization", *stream)
	case flags.NArg() != 1:
		return errors.New("give one document, a path or a URL: make update SPEC=path-or-URL")
	}

	source := flags.Arg(0)
	d, err := document.Load(ctx, source)
	if err != nil {
		return fmt.Errorf("step read: %w; nothing has changed", err)
	}
	if d.Stream != target.stream {
		return fmt.Errorf("step read: %s describes the %s stream; give STREAM=%s, or the document of the %s stream; nothing has changed", source, d.Stream, d.Stream, target.stream)
	}
	if *watch {
		return u.watch(target, source, d)
	}
	return u.update(ctx, target, source, d)
}

// say writes a line for people.
func (u *updater) say(format string, args ...any) {
	fmt.Fprintf(u.stdout, "update: "+format+"\n", args...)
}

// tailLines is how much of the output of a failed command is shown.
const tailLines = 30

// paint is what colours a terminal.
var paint = regexp.MustCompile("\x1b\\[[0-9;]*m")

// tail is the end of the output of a failed command, to be put under the line that names it. The whole of a longer one is
// kept in a file until the next run.
func (u *updater) tail(step string, output []byte) string {
	output = paint.ReplaceAll(bytes.TrimSpace(output), nil)
	lines := strings.Split(string(output), "\n")
	where := ""
	if len(lines) > tailLines {
		name := filepath.Join(work, step+".log")
		if err := os.WriteFile(filepath.Join(u.root, name), append(output, '\n'), 0o644); err == nil {
			where = fmt.Sprintf("\n  … the first %d lines are in %s", len(lines)-tailLines, filepath.ToSlash(name))
		}
		lines = lines[len(lines)-tailLines:]
	}
	return where + "\n  " + strings.Join(lines, "\n  ")
}
