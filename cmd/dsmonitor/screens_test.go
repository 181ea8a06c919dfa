package main

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/settings"
)

var updateScreens = flag.Bool("update", false, "write what the program shows now into testdata/screens")

// What a user sees, as scripts: the command, and its screen. A script may say
//
//	sandbox EVENTS
//
// for a sandbox of the events in a file, to which the variables DOCUSIGN_… then point. $HOST stands for its host and port, and
// other.pem is a private key that it does not know.
func TestScreens(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/screens",
		UpdateScripts:       *updateScreens,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sandbox": func(ts *testscript.TestScript, not bool, args []string) {
				if not || len(args) != 1 {
					ts.Fatalf("usage: sandbox EVENTS")
				}
				events, err := sandbox.Lines(strings.NewReader(ts.ReadFile(args[0])))
				ts.Check(err)
				server, err := sandbox.New(sandbox.Config{Events: events})
				ts.Check(err)
				ts.Defer(server.Close)
				environment := pointAt(server)
				ts.Check(os.WriteFile(ts.MkAbs("key.pem"), []byte(environment[settings.PrivateKey]), 0o600))
				ts.Check(os.WriteFile(ts.MkAbs("other.pem"), []byte(newKey()), 0o600))
				environment[settings.PrivateKeyFile] = "key.pem"
				delete(environment, settings.PrivateKey)
				for _, name := range slices.Sorted(maps.Keys(environment)) {
					ts.Setenv(name, environment[name])
				}
				ts.Setenv("HOST", strings.TrimPrefix(server.URL(), "http://"))
			},
		},
	})
}
