package main

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

func (c *cli) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Read every connection when its schedule says so, until stopped",
		Long: "serve runs in the foreground and reads each connection that has a schedule when it is due. What was due\n" +
			"while it did not run is said at the start, and not made up for. It changes no account.\n\n" +
			"SIGTERM and SIGINT end it: a read under way is stopped, and the browser with it.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := c.readConfig()
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			level := conf.level()
			if level == "" {
				level = zerolog.LevelInfoValue
			}
			ctx = c.logger(level).WithContext(ctx)
			err = c.serve(ctx, conf)
			if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
				err = nil // asked to stop, be it in the middle of the start: that is no failure
				zerolog.Ctx(ctx).Info().Msg("stopped")
			}
			return err
		},
	}
}

func (c *cli) serve(ctx context.Context, conf *config) error {
	h, err := c.open(ctx, conf, wiring{notice: logged{loud: true}, alertWithin: 15 * time.Second})
	if err != nil {
		return err
	}
	err = serve(ctx, h)
	if cerr := h.close(); err == nil {
		err = cerr
	}
	return err
}

func serve(ctx context.Context, h *house) error {
	log := zerolog.Ctx(ctx)
	conns, err := h.named(nil)
	if err != nil {
		return err
	}
	s, err := h.scheduler(conns)
	if err != nil {
		return err
	}
	planned := 0
	for _, conn := range conns {
		next, ok := s.Next(conn.Name)
		if !ok {
			log.Info().Str("connection", conn.Name).Msg("no schedule")
			continue
		}
		planned++
		log.Info().Str("connection", conn.Name).Time("next", next).Msg("scheduled")
	}
	if planned == 0 {
		return usage("no connection has a schedule: there is nothing to serve").
			WithHint("write `schedule: \"0 3 * * *\"` under a connection in %s", h.conf.path)
	}
	missed, err := s.Missed(ctx)
	if err != nil {
		return err
	}
	for _, m := range missed {
		log.Warn().Str("connection", m.Connection).Int("missed", len(m.Due)).Time("first", m.Due[0]).Time("last_read", m.Since).
			Msg("scheduled reads were missed")
	}
	h.alerts.Start(ctx)
	defer h.alerts.Stop()
	s.Start(ctx)
	log.Info().Int("connections", planned).Msg("serving")
	<-ctx.Done()
	log.Info().Msg("stopping")
	s.Stop()
	h.alerts.Stop()
	h.flushAlerts(ctx) // what the last reads came to
	return nil
}
