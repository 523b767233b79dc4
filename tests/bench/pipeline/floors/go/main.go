// The floor in Go: reads all shards of a stream from their first record on, with the AWS SDK and a goroutine for each shard,
// and keeps no leases and no checkpoints. What it costs is what reading costs.
//
//	go-floor ENDPOINT STREAM REGION RECORDS PAUSE QUIET
//
// RECORDS a read; PAUSE milliseconds between two reads of a shard, QUIET when it is read to its end. BENCH_ARRIVALS names a
// file, which gets a line for each batch: CLOCK_MONOTONIC in nanoseconds, shard, records, bytes of data.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"golang.org/x/sys/unix"
)

type pace struct {
	records      int32
	pause, quiet time.Duration
}

func newClient(endpoint, region string) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		BaseEndpoint: aws.String(endpoint),
		Region:       region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
			}, nil
		}),
		// Kinesis itself is asked over HTTP/2, which TLS agrees on.
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(transport *http.Transport) {
			transport.Protocols = new(http.Protocols)
			transport.Protocols.SetUnencryptedHTTP2(true)
		}),
	})
}

func listShards(ctx context.Context, client *kinesis.Client, stream string) ([]types.Shard, error) {
	answer, err := client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: &stream})
	if err != nil {
		return nil, err
	}
	return answer.Shards, nil
}

// Notes one batch. Goroutines share the file: a line is written at once.
func note(file *os.File, shard string, records, bytes int) error {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return err
	}
	_, err := fmt.Fprintf(file, "%d %s %d %d\n", now.Nano(), shard, records, bytes)
	return err
}

// Reads a shard to its end.
func read(ctx context.Context, client *kinesis.Client, stream, shard string, at pace, notes *os.File) error {
	first, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: &stream, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		return err
	}
	for iterator := first.ShardIterator; iterator != nil; {
		answer, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: &at.records})
		if err != nil {
			return err
		}
		bytes := 0
		for _, record := range answer.Records {
			bytes += len(record.Data)
		}
		if len(answer.Records) > 0 {
			if err := note(notes, shard, len(answer.Records), bytes); err != nil {
				return err
			}
		}
		if aws.ToInt64(answer.MillisBehindLatest) == 0 {
			time.Sleep(at.quiet)
		} else {
			time.Sleep(at.pause)
		}
		iterator = answer.NextShardIterator
	}
	return nil
}

func parsePace(words []string) (pace, error) {
	var numbers [3]int
	for i := range numbers {
		number, err := strconv.Atoi(words[i])
		if err != nil {
			return pace{}, err
		}
		numbers[i] = number
	}
	return pace{
		int32(numbers[0]), time.Duration(numbers[1]) * time.Millisecond, time.Duration(numbers[2]) * time.Millisecond,
	}, nil
}

func run(words []string) error {
	if len(words) != 7 {
		return errors.New("usage: go-floor ENDPOINT STREAM REGION RECORDS PAUSE QUIET")
	}
	ctx, client, stream := context.Background(), newClient(words[1], words[3]), words[2]
	at, err := parsePace(words[4:])
	if err != nil {
		return err
	}
	notes, err := os.OpenFile(os.Getenv("BENCH_ARRIVALS"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	shards, err := listShards(ctx, client, stream)
	if err != nil {
		return err
	}
	ended := make(chan error)
	for _, shard := range shards {
		go func() { ended <- read(ctx, client, stream, *shard.ShardId, at, notes) }()
	}
	for range shards {
		if err := <-ended; err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if err := run(os.Args); err != nil {
		log.Fatal("go-floor: ", err)
	}
}
