package sandbox

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLoginFailuresEndInAnAlert: an alert counts the failed logins of one user from one address that come right before it.
func TestLoginFailuresEndInAnAlert(t *testing.T) {
	type login struct {
		EventID                string `json:"eventId"`
		UserID                 string `json:"userId"`
		IPAddress              string `json:"ipAddress"`
		Object, Action, Result string
		Data                   struct {
			EventIDs []string
			Count    string
		}
	}
	h := opened(t, 1000, 1)
	at := func(i int) (e login) {
		if err := json.Unmarshal(h.appendEvent(nil, i), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	alerts := 0
	for i := range h.len() {
		alert := at(i)
		if alert.Action != "TooManyLoginFailures" {
			continue
		}
		alerts++
		if alert.Data.Count != "7" || len(alert.Data.EventIDs) != 7 {
			t.Fatalf("alert %d counts %s of %v", i, alert.Data.Count, alert.Data.EventIDs)
		}
		for k, id := range alert.Data.EventIDs {
			got := at(i - 7 + k)
			got.Data.EventIDs = nil
			want := login{EventID: id, UserID: alert.UserID, IPAddress: alert.IPAddress, Object: "User", Action: "Login", Result: "Failed"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("login %d before alert %d (-want +got):\n%s", k, i, diff)
			}
		}
	}
	if alerts < 3 {
		t.Errorf("%d alerts in 1000 events", alerts)
	}
}
