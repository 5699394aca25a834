// A processor that counts tokens as the AI gateway's does, for the rate limits' tests.
//
// Tokens become the request's dynamic metadata only with the end of the answer's body
// (envoyproxy/ai-gateway v1.1.0 internal/extproc/processor_impl.go, ProcessResponseBody: `if body.EndOfStream`), as
// numbers under the keys of the route's costs. A failed answer costs nothing there, and nothing here.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net"
	"os"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extproc "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"
)

const namespace = "io.envoy.ai_gateway"

type usage struct {
	Input   float64 `json:"prompt_tokens"`
	Output  float64 `json:"completion_tokens"`
	Details struct {
		Cached float64 `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
}

type server struct {
	extproc.UnimplementedExternalProcessorServer
}

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	service := grpc.NewServer()
	extproc.RegisterExternalProcessorServer(service, &server{})
	log.Fatal(service.Serve(listener))
}

func (*server) Process(stream extproc.ExternalProcessor_ProcessServer) error {
	var answer bytes.Buffer
	succeeded := false
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		response := &extproc.ProcessingResponse{}
		switch event := request.Request.(type) {
		case *extproc.ProcessingRequest_RequestHeaders:
			response.Response = &extproc.ProcessingResponse_RequestHeaders{RequestHeaders: &extproc.HeadersResponse{}}
		case *extproc.ProcessingRequest_ResponseHeaders:
			succeeded = strings.HasPrefix(status(event.ResponseHeaders.Headers), "2")
			response.Response = &extproc.ProcessingResponse_ResponseHeaders{ResponseHeaders: &extproc.HeadersResponse{}}
		case *extproc.ProcessingRequest_ResponseBody:
			answer.Write(event.ResponseBody.Body)
			response.Response = &extproc.ProcessingResponse_ResponseBody{ResponseBody: &extproc.BodyResponse{}}
			if event.ResponseBody.EndOfStream && succeeded {
				response.DynamicMetadata = metadata(answer.Bytes())
			}
		}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
}

func status(headers *corev3.HeaderMap) string {
	for _, header := range headers.Headers {
		if header.Key == ":status" {
			return string(header.RawValue) + header.Value
		}
	}
	return ""
}

// The usage is a part of an answer in one piece, and of the last event that has one in a stream.
func metadata(answer []byte) *structpb.Struct {
	var parsed struct {
		Usage *usage `json:"usage"`
	}
	for _, line := range bytes.Split(answer, []byte("\n")) {
		_ = json.Unmarshal(bytes.TrimPrefix(line, []byte("data: ")), &parsed)
	}
	counted := parsed.Usage
	if counted == nil {
		counted = &usage{}
	}
	costs, err := structpb.NewStruct(map[string]any{
		namespace: map[string]any{
			// The route's own expression: prompt tokens that the cache did not have.
			"llm_uncached_input_token": counted.Input - counted.Details.Cached,
			"llm_cached_input_token":   counted.Details.Cached,
			"llm_output_token":         counted.Output,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	return costs
}
