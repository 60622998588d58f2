//! What several rooms of tests need: throwaway servers and builders.
