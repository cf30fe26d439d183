package browser

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// remembering sets what a console keeps in a browser, or tells what it finds there.
const remembering = `<script>
const kept = () => [document.cookie, localStorage.getItem('team'), sessionStorage.getItem('token')].join('|');
tell('found ' + kept());
document.cookie = 'plain=c1; path=/; max-age=3600';
localStorage.setItem('team', 'l1');
sessionStorage.setItem('token', 's1');
</script>`

func TestASessionIsTakenUpByTheNextTab(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": remembering})
	b, n := warm(t, eyes), &notes{}
	env := environment(s, sheets(t, "", ""), n)
	visit := func() *Tab {
		tab := open(t, b, env)
		if w := tab.Walk(t.Context(), "visit").Go("home"); w.Err() != nil {
			t.Fatal(w.Err())
		}
		return tab
	}
	first := visit()
	if err := first.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	first.Close()
	second := visit()
	if err := second.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !n.session.Empty() {
		t.Error("the session that was dropped is kept")
	}
	if w := second.Walk(t.Context(), "visit").Go("home"); w.Err() != nil {
		t.Fatal(w.Err())
	}
	second.Close()
	visit().Close()

	const nothing, everything = "found ||", "found plain=c1|l1|s1"
	found := s.said("found")
	if len(found) != 4 {
		t.Fatalf("the tabs found %q", found)
	}
	for i, want := range []string{nothing, everything, nothing, nothing} {
		if found[i] != want {
			t.Errorf("visit %d found %q, want %q", i+1, found[i], want)
		}
	}
}

func TestCookiesThatNoScriptSeesAreKeptToo(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		mu.Lock()
		got = append(got, r.Header.Get("Cookie"))
		mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "h1", Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		w.Header().Set("Content-Type", "text/html")
		if _, err := w.Write([]byte(telling)); err != nil {
			t.Log(err)
		}
	}))
	t.Cleanup(srv.Close)
	b, env := warm(t, eyes), environment(&site{here: srv}, sheets(t, "", ""), &notes{})
	for range 2 {
		tab := open(t, b, env)
		if w := tab.Walk(t.Context(), "visit").Go("home"); w.Err() != nil {
			t.Fatal(w.Err())
		}
		if err := tab.Keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		tab.Close()
	}
	mu.Lock()
	defer mu.Unlock()
	if len(got) != 2 || got[0] != "" || got[1] != "sid=h1" {
		t.Errorf("the console was sent %q, want no cookie and then sid=h1", got)
	}
}

func TestASessionThatCannotBeReadIsDroppedAndSaidSo(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": ""})
	n := &notes{session: secrets.New("{no session")}
	tab := open(t, warm(t, eyes), environment(s, sheets(t, "", ""), n))
	if !n.session.Empty() || len(tab.Notes()) != 1 {
		t.Errorf("the session is kept, or nothing is said: %q", tab.Notes())
	}
}

const signIn = `<style>body{margin:0}#password,#user{position:fixed;left:100px;width:300px;height:40px;font:24px monospace;border:0;padding:0;background:#fff;color:#000}
#user{top:100px}#password{top:200px}</style><input id=user><input id=password type=password><button id=go>Sign in</button><p id=out></p>
<script>$('go').onclick = () => { $('out').textContent = 'Welcome'; $('password').type = 'text'; }</script>`

const signInSheet = `
  user: {find: [{css: "#user"}], basis: assumed}
  password: {find: [{css: "#password"}], basis: assumed}
  go: {find: [{role: button, name: Sign in}], basis: assumed}
  welcome: {find: [{text: Welcome}], basis: assumed}
`

// colours counts the colours in the middle of what a picture shows at the place.
func colours(t *testing.T, picture []byte, place image.Rectangle) map[color.Color]int {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatalf("the picture is no PNG: %v", err)
	}
	if !place.In(img.Bounds()) {
		t.Fatalf("the picture is %v, without %v", img.Bounds(), place)
	}
	out := map[color.Color]int{}
	for x := place.Min.X; x < place.Max.X; x++ {
		for y := place.Min.Y; y < place.Max.Y; y++ {
			out[img.At(x, y)]++
		}
	}
	return out
}

func TestAPictureShowsNoFieldThatHoldsASecret(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": signIn})
	n := &notes{}
	env := environment(s, sheets(t, signInSheet, ""), n)
	env.Secrets = map[string]secrets.Value{"user": secrets.New(ann), "password": secrets.New(secret)}
	tab := open(t, warm(t, eyes), env)
	w := tab.Walk(t.Context(), "sign in").Go("home")
	// The page makes the password readable once it has it.
	got := w.Submit("go", []Field{{Name: "user", Text: ann}, {Name: "password", Secret: env.Secrets["password"]}}, stepBound, "welcome")
	if got != "welcome" || w.Value("password") != secret {
		t.Fatalf("it answered %q (%v), with %q in the field", got, w.Err(), w.Value("password"))
	}
	w.Picture("signed in")
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	shot := n.steps[len(n.steps)-1]
	if shot.Picture == nil {
		t.Fatalf("there is no picture: %s", shot.Note)
	}
	if c := colours(t, shot.Picture, image.Rect(105, 205, 395, 235)); len(c) != 1 {
		t.Errorf("the field of the password shows %d colours", len(c))
	}
	if c := colours(t, shot.Picture, image.Rect(105, 105, 395, 135)); len(c) < 2 {
		t.Error("the field of the address shows nothing, so a picture proves nothing")
	}
	for _, st := range n.steps {
		if strings.Contains(st.Note+st.Name+st.Selector, secret) {
			t.Errorf("the step %q tells the secret", st.Name)
		}
	}
	again, why := tab.picture(t.Context())
	if why != "" || len(colours(t, again, image.Rect(105, 205, 395, 235))) != 1 {
		t.Errorf("a second picture shows the field (%s)", why)
	}
}

func TestAPageThatShowsASecretGivesNoPicture(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"in its text":         `<p>Your password is ` + secret + `</p>`,
		"across its elements": `<p>Your password is <b>` + secret[:8] + `</b><i>` + secret[8:] + `</i></p>`,
		"in a frame":          `<iframe srcdoc="<p>` + secret + `</p>"></iframe>`,
		"in a shadow tree":    `<div id=host></div><script>$('host').attachShadow({mode: 'open'}).innerHTML = '<p>` + secret + `</p>'</script>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]string{"/": page})
			n := &notes{}
			env := environment(s, sheets(t, "", ""), n)
			env.Secrets = map[string]secrets.Value{"password": secrets.New(secret)}
			tab := open(t, warm(t, eyes), env)
			w := tab.Walk(t.Context(), "look").Go("home").Picture("here")
			if w.Err() != nil {
				t.Fatal(w.Err())
			}
			last := n.steps[len(n.steps)-1]
			if last.Picture != nil || !strings.Contains(last.Note, "a secret stands in the page") {
				t.Errorf("there is a picture of %d bytes (%s)", len(last.Picture), last.Note)
			}
		})
	}
}

func TestEvidenceThatCannotBeKeptEndsTheWalk(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<button id=act>Deactivate</button>`})
	n := &notes{press: func(flows.Press) error { return errors.New("the disk is full") }}
	tab := open(t, warm(t, eyes), environment(s, sheets(t, plain, ""), n))
	w := tab.Walk(t.Context(), "try").Go("home")
	pressAct(w)
	if w.Err() == nil || !strings.Contains(w.Err().Error(), "the disk is full") || w.Pressed() {
		t.Errorf("it says %v, and pressed is %v", w.Err(), w.Pressed())
	}
	if heard := s.said("pointerdown", "click"); len(heard) > 0 {
		t.Errorf("a press that could not be written down reached the page: %q", heard)
	}
}

func TestThePressIsWrittenDownBeforeThePageHearsOfIt(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<button id=act>Deactivate</button>`})
	var before []string
	n := &notes{press: func(flows.Press) error { before = s.said("pointerdown", "click"); return nil }}
	tab := open(t, warm(t, eyes), environment(s, sheets(t, plain, ""), n))
	w := tab.Walk(t.Context(), "try").Go("home")
	pressAct(w)
	if w.Err() != nil || len(n.presses) != 1 || n.presses[0].Subject != ann || n.presses[0].Element != "act" {
		t.Fatalf("%v was written down (%v)", n.presses, w.Err())
	}
	if len(before) > 0 {
		t.Errorf("the page heard %q before", before)
	}
	if heard := s.said("click"); len(heard) != 1 {
		t.Errorf("the page heard %q, want one click", heard)
	}
	// Never a second time in one walk, and never without being announced.
	pressAct(w)
	if w.Err() == nil {
		t.Error("it was pressed a second time")
	}
	if w := tab.Walk(t.Context(), "try").Click("act"); flows.CodeOf(w.Err()) != flows.Internal {
		t.Errorf("what writes was clicked without being announced (%v)", w.Err())
	}
	if heard := s.said("click"); len(heard) != 1 {
		t.Errorf("the page heard %q, want one click", heard)
	}
}
