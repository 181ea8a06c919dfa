package main

import (
	"bytes"
	"testing"
)

// The settings of --tls are all that the command needs, where SSL_CERT_FILE is looked at.
func TestSandboxTLSSettings(t *testing.T) {
	r := runSandbox(t, "--events", "5", "--tls")
	out, err := program(t, r.env, "stream").Output()
	if err != nil || bytes.Count(out, []byte("\n")) != 5 {
		t.Errorf("%v:\n%s", err, out)
	}
}
