// Asio's own definitions, compiled once (BOOST_ASIO_SEPARATE_COMPILATION).
#include "boost/asio/impl/src.hpp"
