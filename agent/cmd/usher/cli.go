package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// The formats of --format.
const (
	formatTable = "table"
	formatCSV   = "csv"
	formatJSON  = "json"
)

// cli is one run of the command line: its streams and its global flags.
type cli struct {
	in  io.Reader
	out io.Writer
	err io.Writer // masked

	// What the streams are: questions are asked, and progress is shown, on a terminal only.
	inTerminal, outTerminal, errTerminal bool

	configPath string
	format     string
	quiet      bool
	noColor    bool
	logLevel   string

	mask *secrets.Mask
	told bool // the error stands on standard output already
}

func newCLI(in, out, errs *os.File) *cli {
	mask := secrets.NewMask()
	return &cli{
		in: in, out: out, err: mask.Writer(errs), mask: mask, format: formatTable,
		inTerminal: isTerminal(in), outTerminal: isTerminal(out), errTerminal: isTerminal(errs),
	}
}

func isTerminal(f *os.File) bool {
	return term.IsTerminal(int(f.Fd()))
}

// run runs the command that args name and returns the exit code.
func (c *cli) run(ctx context.Context, args []string) int {
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	// What the agent says of an interrupted run (nothing was pressed, or nobody knows) says more than
	// that it was interrupted.
	if _, said := errors.AsType[*flows.Error](err); !said && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = interrupted{err}
	}
	if err != nil {
		c.tell(err)
	}
	if ferr := c.flush(); ferr != nil && err == nil {
		return 1
	}
	return exitOf(err)
}

// interrupted is the error of a command that a signal ended.
type interrupted struct{ error }

func (i interrupted) Unwrap() error { return i.error }

// exitOf returns the exit code that follows from err; 130 is what shells expect after an interrupt.
func exitOf(err error) int {
	const interruptedExit = 130
	if _, ok := errors.AsType[interrupted](err); ok {
		return interruptedExit
	}
	return flows.Exit(err)
}

func (c *cli) flush() error {
	if w, ok := c.err.(*secrets.MaskWriter); ok {
		return w.Flush()
	}
	return nil
}

// usage makes an error of what was typed wrong.
func usage(format string, args ...any) *flows.Error {
	return flows.Errorf(flows.Invalid, "", format, args...)
}

// root returns the command with all its subcommands.
func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "usher",
		Short: "Lists, invites and deactivates accounts in admin consoles that have no user API",
		Long: "usher shows people to their seats in SaaS products that have no user API, knows who sits where,\n" +
			"and shows people out. It signs in to the admin console in a headless browser, as an admin would.\n\n" +
			"Start with `usher demo`: it needs no account and no configuration.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return c.begin(cmd) },
	}
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetIn(c.in)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%s", flows.Clean(err.Error())).WithHint("see `%s --help`", cmd.CommandPath())
	})
	f := root.PersistentFlags()
	f.StringVar(&c.configPath, "config", "", "the configuration `file` (default usher.yaml here, then in the user's configuration folder; also USHER_CONFIG)")
	f.StringVar(&c.format, "format", formatTable, "how to answer: table, csv or json")
	f.BoolVarP(&c.quiet, "quiet", "q", false, "no progress, no remarks")
	f.BoolVar(&c.noColor, "no-color", false, "no colours (also NO_COLOR)")
	f.StringVar(&c.logLevel, "log-level", "", "trace, debug, info, warn or error (default warn; serve: info)")
	root.AddCommand(
		c.demoCommand(), c.sandboxCommand(), c.serveCommand(), c.initCommand(), c.connectCommand(),
		c.appsCommand(), c.listCommand(), c.rostersCommand(), c.inviteCommand(), c.deactivateCommand(),
		c.reactivateCommand(), c.updateCommand(), c.groupsCommand(),
		c.ordersCommand(), c.runsCommand(), c.alertsCommand(), c.checkCommand(), c.selectorsCommand(), c.unlockCommand(),
		c.freezeCommand(), c.secretsCommand(), c.auditCommand(), c.versionCommand(),
	)
	return root
}

// group returns a command that has only subcommands.
func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{
		Use: use, Short: short,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	g.AddCommand(sub...)
	return g
}

func unknownCommand(cmd *cobra.Command, name string) error {
	e := usage("there is no command `%s %s`", cmd.CommandPath(), flows.Clean(name))
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		return e.WithHint("did you mean `%s %s`?", cmd.CommandPath(), strings.Join(near, "`, `"))
	}
	return e.WithHint("see `%s --help`", cmd.CommandPath())
}

// args makes a wrong number of arguments an error that says how the command is written.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage("%s", flows.Clean(err.Error())).WithHint("it is written: %s", cmd.UseLine())
		}
		return nil
	}
}

// begin checks the global flags and gives the command its logger.
func (c *cli) begin(cmd *cobra.Command) error {
	switch c.format {
	case formatTable, formatCSV, formatJSON:
	default:
		asked := c.format
		c.format = formatTable
		return usage("--format is table, csv or json, not %q", flows.Clean(asked))
	}
	if c.logLevel != "" && !goodLevel(c.logLevel) {
		return usage("there is no log level %q", flows.Clean(c.logLevel)).WithHint("the levels are trace, debug, info, warn, error")
	}
	cmd.SetContext(c.logger("").WithContext(cmd.Context()))
	return nil
}

// logger returns the logger, at the level of the flag, else of the configuration, else warn.
func (c *cli) logger(configured string) *zerolog.Logger {
	level := zerolog.WarnLevel
	for _, name := range []string{configured, c.logLevel} {
		if l, err := zerolog.ParseLevel(name); err == nil && name != "" {
			level = l
		}
	}
	w := c.err
	if c.errTerminal {
		w = zerolog.ConsoleWriter{Out: c.err, NoColor: !c.colored(), TimeFormat: "15:04:05"}
	}
	l := zerolog.New(w).Level(level).With().Timestamp().Logger()
	return &l
}

func (c *cli) colored() bool {
	return !c.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// say writes a remark for people on standard error; programs and --quiet get none.
func (c *cli) say(format string, args ...any) {
	if c.quiet || c.format != formatTable {
		return
	}
	c.warn(format, args...)
}

// warn writes a line on standard error, whatever the format.
func (c *cli) warn(format string, args ...any) {
	// A remark that cannot be written has nowhere to be reported.
	_, _ = fmt.Fprintln(c.err, plain(fmt.Sprintf(format, args...)))
}

// who returns who gives the orders, as the record will name them.
func who() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if sudo := os.Getenv("SUDO_USER"); sudo != "" && sudo != name {
		name += " (sudo by " + sudo + ")"
	}
	return flows.Clean(name)
}
