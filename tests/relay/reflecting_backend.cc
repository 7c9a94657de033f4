// A backend in a process of its own, so that its types are compiled into it and not
// into the bridge's tests. Prints its address, and ends with its standard input.
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>

#include <iostream>
#include <string>

#include "robot.grpc.pb.h"
#include "robot_events.pb.h"

int main(int argc, char** argv) {
  const std::string listen = argc > 1 ? argv[1] : "127.0.0.1:0";
  (void)acme::robot::v1::Stopped::descriptor();
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  acme::robot::v1::Robot::Service robot;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&robot);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::cout << "127.0.0.1:" << port << std::endl;
  std::cin.get();
  server->Shutdown(std::chrono::system_clock::now());
}
