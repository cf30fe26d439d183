package main

import (
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

// scimApps is an app whose service has a documented address, and one whose customers have each their own.
func scimApps() []flows.App {
	token := []flows.SecretSpec{{Name: "token", Title: "token"}}
	return append(testApps(),
		flows.App{Name: "known", Title: "Known", Ways: []flows.Way{{Name: flows.ViaSCIM, URL: "https://api.example.com/scim/v2", Secrets: token}}},
		flows.App{Name: "own", Title: "Own", Ways: []flows.Way{{Name: flows.ViaSCIM, Secrets: token}}},
	)
}

func TestWhatAWayHasNoUseForIsRefusedAtItsLine(t *testing.T) {
	t.Parallel()
	const token = "    secrets: {token: \"env:T\"}\n"
	for _, tt := range []struct{ name, connection, says string }{
		{"a known address may be left out", "    app: known\n" + token, ""},
		{"all that a service takes", "    app: own\n    url: https://scim.example.com/v2\n    api: https://api.example.com\n    read_only: true\n    requests_per_second: 2.5\n    acts: [delete]\n" + token, ""},
		{"no address", "    app: own\n" + token, "has no url"},
		{"plain http", "    app: own\n    url: http://scim.example.com\n" + token, "5:5: the address must be https"},
		{"an API over plain http", "    app: own\n    url: https://scim.example.com\n    api: http://api.example.com\n" + token, "6:5: the address must be https"},
		{"a sign-in page", "    app: known\n    sign_in: https://login.example.com\n" + token, "5:5: sign_in is of no use via scim"},
		{"a workspace", "    app: known\n    workspace: Example\n" + token, "5:5: workspace is of no use via scim"},
		{"a negative budget", "    app: known\n    requests_per_second: -1\n" + token, "5:5: requests_per_second is above 0"},
		{"another act", "    app: known\n    acts: [revoke]\n" + token, "acts[0]"},
		{"no token", "    app: known\n", `has no secret "token"`},
		{"an API of a console", "    app: stonly\n    url: https://stonly.example.com\n    api: https://api.example.com\n    secrets: {user: \"env:U\", password: \"env:P\"}\n", "api is of no use via browser"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := parseConfig("usher.yaml", []byte("key: env:K\nconnections:\n  c:\n"+tt.connection), scimApps())
			if tt.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				if conn := c.connections()[0]; conn.URL == "" || conn.App == "own" && (!conn.ReadOnly || conn.PerSecond != 2.5 || conn.API == "") {
					t.Errorf("the connection came out as %+v", conn)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) || flows.HintOf(err) == "" {
				t.Errorf("want %q and a hint, got %v", tt.says, err)
			}
		})
	}
}
