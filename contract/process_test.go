package contract_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/docusign-monitor/internal/settings"
)

// The target process: the sandbox as somebody runs it who has the command and no Go.

// startProcess starts dsmonitor sandbox, and ends it with the test. Within the repository the command is built first;
// elsewhere it is the one in the PATH.
func startProcess(t *testing.T) (*target, error) {
	t.Helper()
	command, err := exec.LookPath("dsmonitor")
	if source := filepath.Join("..", "cmd", "dsmonitor"); exists(filepath.Join(source, "main.go")) {
		folder := t.TempDir()
		command = filepath.Join(folder, "dsmonitor") // Windows adds .exe in both places
		if text, failed := exec.Command("go", "build", "-o", folder, "./"+filepath.ToSlash(source)).CombinedOutput(); failed != nil {
			return nil, fmt.Errorf("dsmonitor cannot be built: %w\n%s", failed, text)
		}
	} else if err != nil {
		return nil, fmt.Errorf("%s=%s runs dsmonitor sandbox, and dsmonitor is not in the PATH: %w", targetVariable, processTarget, err)
	}

	child := exec.Command(command, "sandbox", "--organization", "--events", "300")
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if child.Process.Signal(os.Interrupt) != nil { // Windows has none
			child.Process.Kill()
		}
		child.Wait()
	})
	exports, err := readExports(bufio.NewScanner(out), settings.OrganizationID)
	if err != nil {
		return nil, err
	}
	exports[targetVariable] = exports[settings.MonitorURL]
	made, err := readTarget(func(name string) (string, bool) {
		value, set := exports[name]
		return value, set
	})
	if err != nil {
		return nil, err
	}
	made.kind = processTarget
	return made, nil
}

// readExports reads the settings that the sandbox prints, up to the last of them.
func readExports(lines *bufio.Scanner, last string) (map[string]string, error) {
	exports := map[string]string{}
	for lines.Scan() {
		export, ok := strings.CutPrefix(lines.Text(), "export ")
		name, value, has := strings.Cut(export, "=")
		if !ok || !has {
			return nil, fmt.Errorf("dsmonitor sandbox prints a line that is no setting: %q", lines.Text())
		}
		exports[name] = strings.Trim(value, "'")
		if name == last {
			return exports, nil
		}
	}
	return nil, errors.Join(errors.New("dsmonitor sandbox has ended before it printed its settings"), lines.Err())
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestSuiteAgainstProcess(t *testing.T) {
	r, status, output := runWithReport(t, []string{targetVariable + "=" + processTarget}, "-ginkgo.focus=SRV-PAGE-1: |SRV-PAGE-4: |SRV-CURSOR-1: ")
	if status != 0 || r.Target.Kind != processTarget || r.Counts[passed] != 2 || r.Counts[failed]+r.Counts[broken] != 0 {
		t.Errorf("status %d, target %s, %v; want 0, process and 2 passed\n%s", status, r.Target.Kind, r.Counts, output)
	}
	for _, o := range r.Clauses {
		if o.ID == "SRV-PAGE-4" && o.Result != notProvable {
			t.Errorf("%s is %s, want %s", o.ID, o.Result, notProvable)
		}
	}
}
