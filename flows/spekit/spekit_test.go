package spekit

import (
	"flag"
	"os"
	"testing"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/flowtest"
)

// The stories wait nearly all the time: as many at once as there are cores would take minutes. What
// the command line says of it still counts, as it is read later.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestStories(t *testing.T) {
	t.Parallel()
	flowtest.Run(t, App())
}

func TestTheAppSaysWhatItIs(t *testing.T) {
	t.Parallel()
	app := App()
	way, ok := app.Way("")
	if !ok || way.Name != flows.ViaSCIM || !way.NoRoles || way.URL != "" || way.Open == nil {
		t.Errorf("the default way is %+v", way)
	}
	if s := way.Secrets; len(s) != 2 || s[0].Name != "token" || !s[0].Once || s[0].Optional || s[1].Name != restToken || !s[1].Optional {
		t.Errorf("it asks for %+v", s)
	}
	if app.Unverified == "" || app.Sandbox == nil || len(app.ReservedGroups) != 2 {
		t.Errorf("the app is %+v", app)
	}
}
